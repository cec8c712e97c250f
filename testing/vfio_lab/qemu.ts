import type { Agent, Answer } from "./agent.ts";

/** Where a slot is reached. */
export interface SlotPlace {
  /** Its number, from 0. */
  readonly slot: number;
  /** Ports of 127.0.0.1. */
  readonly hostPorts: { readonly migration: number; readonly qmp: number };
  /** The port inside that migrations come to. */
  readonly migrationPort: number;
}

/** How a QEMU ended. */
export interface LabEnd {
  /** Its exit code; less than 0 is the signal that ended it. */
  readonly exit: number | null;
  /** All that it wrote to standard error. */
  readonly stderr: string;
  /** What the driver said about its devices. */
  readonly kernelLog: readonly string[];
}

/** A QEMU in the lab, with VFIO devices. */
export class LabQemu {
  /** Its monitor: `tcp:127.0.0.1:PORT`. One client at a time. */
  readonly qmp: string;
  /** Its devices, in the order of its command line. The driver and QEMU name them so. */
  readonly uuids: readonly string[];
  readonly #agent: Agent;
  readonly #slot: number;
  readonly #release: () => void;
  #end: Promise<LabEnd> | undefined;

  /** A QEMU that is started in a slot. `release` is called when the slot is free. */
  constructor(agent: Agent, place: SlotPlace, uuids: readonly string[], release: () => void) {
    this.qmp = `tcp:127.0.0.1:${place.hostPorts.qmp}`;
    this.uuids = uuids;
    this.#agent = agent;
    this.#slot = place.slot;
    this.#release = release;
  }

  /** Whether it runs. */
  async alive(): Promise<boolean> {
    return this.#end === undefined && (await this.#ask("status")).alive === true;
  }

  /** How it has ended by itself: its exit code, less than 0 for a signal; null as long as it runs. */
  async exit(): Promise<number | null> {
    const exit = this.#end === undefined ? (await this.#ask("status")).exit : (await this.#end).exit;
    return typeof exit === "number" ? exit : null;
  }

  /** What it has written to standard error. */
  async stderr(): Promise<string> {
    return this.#end === undefined ? String((await this.#ask("status")).stderr) : (await this.#end).stderr;
  }

  /** The kernel's lines about its devices, each with the time before it. */
  async kernelLog(): Promise<readonly string[]> {
    return this.#end === undefined ? lines((await this.#ask("kernel")).lines) : (await this.#end).kernelLog;
  }

  /** Ends it, if it still runs, and takes its devices away. What it said can be asked for as before. */
  async stop(): Promise<LabEnd> {
    this.#end ??= this.#stop();
    return await this.#end;
  }

  /** As `stop`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<LabEnd> {
    try {
      const { exit, stderr, kernel } = await this.#ask("stop");
      return { exit: typeof exit === "number" ? exit : null, stderr: String(stderr), kernelLog: lines(kernel) };
    } finally {
      this.#release();
    }
  }

  async #ask(action: string): Promise<Answer> {
    return await this.#agent.call(action, { slot: this.#slot });
  }
}

/** One that waits for a migration. */
export class LabDestination extends LabQemu {
  /** Where the migration is sent to: `tcp:127.0.0.1:PORT`. Connections are taken as soon as the lab runs, but go on only after `migrate-incoming`. */
  readonly migration: string;
  /** What `migrate-incoming` is to be told as `uri`. */
  readonly incoming: string;

  /** As a `LabQemu`. */
  constructor(agent: Agent, place: SlotPlace, uuids: readonly string[], release: () => void) {
    super(agent, place, uuids, release);
    this.migration = `tcp:127.0.0.1:${place.hostPorts.migration}`;
    this.incoming = `tcp:0.0.0.0:${place.migrationPort}`;
  }
}

function lines(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
