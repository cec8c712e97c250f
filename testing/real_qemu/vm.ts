import { until, within } from "./deadline.ts";
import { type Arguments, Qmp } from "./qmp.ts";
import { PC, type Visible } from "./machine.ts";

/** A migration status of `query-migrate`, or `exited`. */
export type Status = string;

/** Capabilities and parameters, by QEMU's names. */
export interface Settings {
  /** Capabilities that are on. */
  readonly capabilities?: readonly string[];
  /** Parameters. */
  readonly parameters?: Arguments;
}

/** A kind of QEMU that there is. */
export interface Qemu {
  /** `10.0`; `10.0-ppc64` of another architecture than x86_64. */
  readonly version: string;
  /** The program. */
  readonly path: string;
}

/** How a QEMU is started. */
export interface VmOptions {
  /** `source` or `destination`; its files are called so. */
  readonly name: string;
  /** Which one. */
  readonly qemu: Qemu;
  /** Its working directory. */
  readonly folder: string;
  /** Its arguments, without the monitor. */
  readonly args: readonly string[];
}

/** From these statuses a migration does not go on. */
const ENDS: readonly Status[] = ["completed", "failed", "cancelled", "exited"];

const { NotFound, ConnectionRefused, ConnectionReset, BrokenPipe, BadResource } = Deno.errors;
const NOT_THERE = [NotFound, ConnectionRefused, ConnectionReset, BrokenPipe, BadResource];

const START_LIMIT = 20_000;
const END_LIMIT = 40_000;
const HEAR_LIMIT = 20_000;

/** One running QEMU. */
export class Vm {
  /** The command line, for a capture.json. */
  readonly command: readonly string[];
  /** Its version in full. */
  version = "";
  /** What it was told. */
  settings: Settings = {};
  readonly #folder: string;
  readonly #process: Deno.ChildProcess;
  readonly #listening: Promise<void>;
  #stderr = "";
  #hasExited = false;
  #qmp: Qmp | undefined;

  private constructor({ name, qemu, folder, args }: VmOptions) {
    const all = [...args, "-qmp", `unix:${name}.qmp,server=on,wait=off`];
    this.command = [`qemu-system-${qemu.version.split("-")[1] ?? "x86_64"}`, ...all];
    this.#folder = folder;
    const command = new Deno.Command(qemu.path, {
      args: all,
      cwd: folder,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    });
    this.#process = command.spawn();
    this.#listening = this.#listen();
    this.#process.status.then(() => this.#hasExited = true);
  }

  /** Starts it, and connects to its monitor. `adopt` receives it before anything can go wrong. */
  static async start(options: VmOptions, adopt: (vm: Vm) => void): Promise<Vm> {
    const vm = new Vm(options);
    adopt(vm);
    const path = `${options.folder}/${options.name}.qmp`;
    vm.#qmp = await until(START_LIMIT, "QEMU to start", async () => {
      if (vm.#hasExited) throw new Error(`QEMU does not start: ${await vm.stop()}`);
      try {
        return await Qmp.connect(path);
      } catch (error) {
        // Its socket is not there yet, or nobody listens yet; or it is about to exit, which is told then.
        if (NOT_THERE.some((kind) => error instanceof kind)) return undefined;
        throw error;
      }
    });
    const { qemu } = await vm.call("query-version") as { qemu: { major: number; minor: number; micro: number } };
    vm.version = `${qemu.major}.${qemu.minor}.${qemu.micro}`;
    return vm;
  }

  /** A command of its monitor. */
  async call(execute: string, args: Arguments = {}): Promise<unknown> {
    if (this.#qmp === undefined) throw new Error(`${execute}: QEMU has not started`);
    return await this.#qmp.call(execute, args);
  }

  /** Sets capabilities and parameters. */
  async set(settings: Settings): Promise<void> {
    this.settings = settings;
    const { capabilities = [], parameters = {} } = settings;
    await this.call("migrate-set-capabilities", {
      capabilities: capabilities.map((capability) => ({ capability, state: true })),
    });
    await this.call("migrate-set-parameters", parameters);
  }

  /** What `query-migrate` says. */
  async migration(): Promise<{ readonly status?: Status; readonly ram?: { readonly [field: string]: number } }> {
    try {
      return await this.call("query-migrate") as { status?: Status };
    } catch (error) {
      // An answer that does not come, or a monitor that is closed, when QEMU is about to exit.
      await within(10_000, "QEMU to exit", this.#process.status).catch(() => Promise.reject(error));
      return { status: "exited" };
    }
  }

  /** The status that the migration has in the end. */
  async end(): Promise<Status> {
    return await until(END_LIMIT, "the end of the migration", async () => {
      const { status = "none" } = this.#hasExited ? { status: "exited" } : await this.migration();
      return ENDS.includes(status) ? status : undefined;
    });
  }

  /** Memory as the guest sees it; the guest must stand still. */
  async memory(visible: readonly Visible[] = PC.visible): Promise<Uint8Array<ArrayBuffer>[]> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (const { address, length } of visible) {
      await this.call("pmemsave", { val: address, size: length, filename: "memory.bin" });
      parts.push(await Deno.readFile(`${this.#folder}/memory.bin`));
    }
    return parts;
  }

  /** What it has written to standard error, when it has written one of `texts`, or has exited, or nothing comes. */
  async heard(texts: readonly string[]): Promise<string> {
    const isHeard = (): boolean => this.#hasExited || texts.some((text) => this.#stderr.includes(text));
    await until(HEAR_LIMIT, "QEMU to say it", () => Promise.resolve(isHeard() || undefined)).catch(() => {});
    if (this.#hasExited) await this.#listening;
    return this.#stderr;
  }

  /** Ends it, and gives what it wrote to standard error. */
  async stop(): Promise<string> {
    this.#qmp?.close();
    this.#kill();
    await this.#process.status;
    await this.#listening;
    return this.#stderr;
  }

  #kill(): void {
    try {
      this.#process.kill("SIGKILL");
    } catch (error) {
      // It has exited already.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async #listen(): Promise<void> {
    for await (const text of this.#process.stderr.pipeThrough(new TextDecoderStream())) this.#stderr += text;
  }
}
