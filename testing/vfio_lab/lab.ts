/** Real destinations with VFIO devices, in a virtual machine: `testdata/vfio-lab/README.md`. @module */

import { TextLineStream } from "@std/streams/text-line-stream";
import { within } from "../real_qemu/deadline.ts";
import { Agent } from "./agent.ts";
import { labCommand } from "./command.ts";
import { LabDestination, LabQemu, type SlotPlace } from "./qemu.ts";
import { freePorts } from "./ports.ts";

export { LabDestination, type LabEnd, LabQemu } from "./qemu.ts";

/** How the lab is booted. */
export interface LabOptions {
  /** Where `build.sh` has put it. */
  readonly directory: string;
  /** The QEMU that runs the virtual machine; `qemu-system-x86_64` if not said. */
  readonly qemu?: string;
  /** How many destinations there can be at a time; 3 if not said. */
  readonly slots?: number;
  /** Milliseconds in which it has to be ready; 180,000 if not said. */
  readonly limit?: number;
  /** Whether its QEMUs can reach this machine, as 10.0.2.2, and its network. */
  readonly open?: boolean;
}

/** How the driver treats devices; what is not said is 0 or false, and the seed 1. README.md says more. */
export interface DriverParameters {
  /** Bytes of filling behind the ports. */
  readonly extra_bytes?: number;
  /** Bytes of filling when the pre-copy phase begins. */
  readonly precopy_bytes?: number;
  /** How often the pre-copy phase finds more filling. */
  readonly precopy_rounds?: number;
  /** Bytes more each time. */
  readonly round_bytes?: number;
  /** Most bytes that a read gives. */
  readonly read_bytes?: number;
  /** Milliseconds that each read of a stopped device takes longer. */
  readonly save_delay_ms?: number;
  /** Milliseconds that each write takes longer. */
  readonly load_delay_ms?: number;
  /** A write that gets as far as this byte of the state fails with EIO. */
  readonly fail_load_at?: number;
  /** A write that begins at this byte of the state or behind takes nothing. */
  readonly stall_load_at?: number;
  /** Most bytes that a write takes. */
  readonly write_bytes?: number;
  /** Any bytes are taken for a state, until the machine is to run. */
  readonly any_state?: boolean;
  /** Seed of the filling of the first device. */
  readonly seed?: number;
  /** The devices cannot do the pre-copy phase. */
  readonly no_precopy?: boolean;
  /** The devices have no P2P states. */
  readonly no_p2p?: boolean;
}

/** A file beside a QEMU. */
export type LabFile = { readonly zeros: number } | { readonly base64: string };

/** How a QEMU is started. */
export interface QemuOptions {
  /** Version of QEMU: `10.0` or `11.1`, if the lab was built with it. */
  readonly version: string;
  /** The command line, as it was recorded: QMP, `-incoming` and the devices' UUIDs are replaced. */
  readonly command: readonly string[];
  /** How the driver treats its devices. */
  readonly driver?: DriverParameters;
  /** Files in its working directory, by name. */
  readonly files?: { readonly [name: string]: LabFile };
}

const BOOT = new URL("../../testdata/vfio-lab/boot.sh", import.meta.url);
const BOOT_LIMIT = 180_000;
const PORT_ATTEMPTS = 5;
/** A time for the script to say why it gave up. */
const BOOT_GRACE = 10_000;
const CLOSE_LIMIT = 10_000;
/** A case waits for the ones before it. */
const SLOT_LIMIT = 300_000;

/** A running lab. */
export class Lab {
  /** Versions of QEMU that it has. */
  readonly versions: readonly string[];
  readonly #machine: Machine;
  readonly #agent: Agent;
  readonly #free: SlotPlace[];
  readonly #waiting: ((place: SlotPlace) => void)[] = [];
  #started = 0;

  private constructor(machine: Machine, agent: Agent, versions: readonly string[], places: SlotPlace[]) {
    this.#machine = machine;
    this.#agent = agent;
    this.versions = versions;
    this.#free = places;
  }

  /**
   * Boots a lab. It ends with `close`, and with this process.
   *
   * @throws With the last lines of its console, if it does not become ready in time.
   */
  static async boot(options: LabOptions): Promise<Lab> {
    for (let attempt = 1;; attempt++) {
      try {
        return await Lab.#boot(options);
      } catch (error) {
        // Somebody else has taken a port that was free a moment ago.
        const isTaken = error instanceof Error && error.message.includes("Could not set up host forwarding rule");
        if (!isTaken || attempt === PORT_ATTEMPTS) throw error;
      }
    }
  }

  static async #boot({ directory, qemu, slots = 3, limit = BOOT_LIMIT, open = false }: LabOptions): Promise<Lab> {
    const port = freePorts(1 + 2 * slots);
    const args = ["--port", `${port}`, "--slots", `${slots}`, "--limit", `${Math.ceil(limit / 1000)}`];
    const machine = new Machine([directory, ...args, ...(open ? ["--open"] : [])], qemu);
    try {
      await within(limit + BOOT_GRACE, "the lab to boot", machine.ready);
      const agent = new Agent(port);
      const hello = await agent.call("hello") as unknown as Hello;
      const places = hello.slots.map(({ slot, migration }): SlotPlace => ({
        slot,
        hostPorts: { migration: port + 1 + 2 * slot, qmp: port + 2 + 2 * slot },
        migrationPort: migration,
      }));
      return new Lab(machine, agent, hello.qemu, places);
    } catch (error) {
      await machine.end();
      throw error;
    }
  }

  /**
   * Starts a destination; waits for a free slot if need be. Whoever has it must `stop` it.
   *
   * @throws With what QEMU said, if it does not start.
   */
  async destination(options: QemuOptions): Promise<LabDestination> {
    return await this.#start(LabDestination, options, ["-incoming", "defer"]);
  }

  /** Starts a source, with a state as the driver is told; otherwise as `destination`. */
  async source(options: QemuOptions): Promise<LabQemu> {
    return await this.#start(LabQemu, options, []);
  }

  async #start<Q extends LabQemu>(
    Kind: new (...args: ConstructorParameters<typeof LabQemu>) => Q,
    { version, command, driver, files }: QemuOptions,
    more: readonly string[],
  ): Promise<Q> {
    const place = await this.#slot();
    const number = ++this.#started;
    const { argv, uuids } = labCommand(command, (index) => uuidOf(index, place.slot, number));
    const qemu = new Kind(this.#agent, place, uuids, () => this.#release(place));
    try {
      const { alive, exit, stderr } = await this.#agent.call("start", {
        slot: place.slot,
        version,
        command: [...argv, ...more],
        uuids,
        ...(driver && { driver }),
        ...(files && { files }),
      });
      if (alive !== true) throw new Error(`Cannot start QEMU ${version} in the lab: it exits with ${exit}: ${stderr}`);
      return qemu;
    } catch (error) {
      await qemu.stop();
      throw error;
    }
  }

  /** The kernel's lines since it booted, each with the time before it. */
  async kernelLog(): Promise<readonly string[]> {
    const { lines } = await this.#agent.call("kernel");
    return Array.isArray(lines) ? lines.map(String) : [];
  }

  /** Ends the virtual machine, and all in it. */
  async close(): Promise<void> {
    await this.#machine.end();
  }

  /** As `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #slot(): Promise<SlotPlace> {
    const free = this.#free.shift();
    if (free !== undefined) return free;
    const { promise, resolve } = Promise.withResolvers<SlotPlace>();
    this.#waiting.push(resolve);
    try {
      return await within(SLOT_LIMIT, "a free slot in the lab", promise);
    } catch (error) {
      this.#waiting.splice(this.#waiting.indexOf(resolve), 1);
      throw error;
    }
  }

  #release(place: SlotPlace): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(place);
    else next(place);
  }
}

interface Hello {
  readonly qemu: readonly string[];
  readonly slots: readonly { readonly slot: number; readonly migration: number }[];
}

/** No two devices of a lab have the same one, so that the kernel's lines say which is meant. */
function uuidOf(index: number, slot: number, start: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");
  return `2${hex(index, 7)}-${hex(slot, 4)}-4000-8000-${hex(start, 12)}`;
}

/** The script that runs the virtual machine. It ends when its standard input does. */
class Machine {
  /** Comes when it has booted; fails with its words when it has ended before. */
  readonly ready: Promise<void>;
  readonly #process: Deno.ChildProcess;
  readonly #stderr: Promise<string>;
  #rest: Promise<void> = Promise.resolve();

  constructor(args: readonly string[], qemu: string | undefined) {
    this.#process = new Deno.Command("bash", {
      args: [BOOT.pathname, ...args, "--stdin"],
      ...(qemu !== undefined && { env: { LAB_QEMU: qemu } }),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stderr = new Response(this.#process.stderr).text();
    this.ready = this.#listen();
    // Whoever waits for it is told; whoever ends it before does not mind.
    this.ready.catch(() => {});
  }

  /** Ends it, and waits for that. */
  async end(): Promise<void> {
    // It may have ended by itself.
    await this.#process.stdin.close().catch(() => {});
    try {
      await within(CLOSE_LIMIT, "the lab to end", this.#process.status);
      await this.#rest;
    } catch (error) {
      this.#process.kill("SIGKILL");
      throw error;
    }
  }

  async #listen(): Promise<void> {
    const lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    const reader = lines.getReader();
    while (true) {
      const { value } = await reader.read();
      if (value === undefined) throw new Error(await this.#stderr);
      if (value !== "ready") continue;
      // Not cancelled: the script has more to say, and must not fail at it.
      this.#rest = drain(reader);
      return;
    }
  }
}

async function drain(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}
