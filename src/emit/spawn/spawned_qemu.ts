import type { SocketAddress } from "../../net/mod.ts";
import { type Clock, QmpClient, QmpError, SYSTEM_CLOCK } from "../../qmp/mod.ts";
import { adaptCommand, type AdaptedCommand } from "./adapt_command.ts";
import { PrivateFolder } from "./private_folder.ts";
import { type Exit, Process } from "./process.ts";
import { SpawnError } from "./spawn_error.ts";
import { pause, settles } from "./waits.ts";
import { type Seen, type StandInBlock, standIns } from "./stand_ins.ts";

/** How long is waited for a QEMU that was started, in milliseconds. */
export interface SpawnLimits {
  /** For its monitor. */
  readonly startMs: number;
  /** For its end, after SIGTERM. */
  readonly terminateMs: number;
  /** For its end, after SIGKILL. */
  readonly killMs: number;
}

/** A QEMU of a big machine needs seconds to start, one that is told to end needs a moment. */
export const SPAWN_LIMITS: SpawnLimits = { startMs: 30_000, terminateMs: 3_000, killMs: 5_000 };

/** What is started, and how. */
export interface SpawnOptions {
  /** The program and its arguments. */
  readonly argv: readonly string[];
  /** The command was recorded, by whomever: not the user's own words. */
  readonly recorded: boolean;
  /** RAM blocks of the stream: how long the firmware of a recorded command was. */
  readonly blocks?: readonly StandInBlock[];
  /** The program to start in the place of a recorded one. */
  readonly binary?: string;
  /** Version of the QEMU that a recorded command ran, `10.0.2`: says what `-M pc` stood for. */
  readonly version?: string;
  /** Machine type of the stream. */
  readonly machine?: string;
  /** Stops it when it is aborted. */
  readonly signal: AbortSignal;
  /** How long it is waited for; {@linkcode SPAWN_LIMITS} where absent. */
  readonly limits?: Partial<SpawnLimits>;
  /** What waits are measured by; the system's if absent. */
  readonly clock?: Clock;
  /** Where the private folder is made; in the system's folder for temporary files if absent. */
  readonly parent?: string;
}

/** Between two looks at whether the monitor is there. */
const POLL_MS = 20;

/** For the rest of standard error, when the process has ended. */
const REST_MS = 500;

/** What an error shows of standard error. */
const SHOWN_CHARACTERS = 2000;

/**
 * A QEMU that was started to be a destination: it waits for `migrate-incoming`. All that it needs besides is in a folder
 * of its own, which is gone when it is stopped.
 *
 * @example
 * ```ts
 * import { QmpClient } from "@migwire/migwire/qmp";
 * import { formatSocketAddress } from "@migwire/migwire/record";
 * import { SpawnedQemu } from "@migwire/migwire/spawn";
 *
 * // Starts a QEMU that waits for a migration, gives `send` its address, and stops it.
 * async function withQemu(send: (address: string) => Promise<void>): Promise<void> {
 *   const argv = ["qemu-system-x86_64", "-M", "q35", "-m", "8", "-nodefaults", "-display", "none"];
 *   const qemu = await SpawnedQemu.start({ argv, recorded: false, signal: AbortSignal.timeout(60_000) });
 *   try {
 *     using qmp = await QmpClient.connect(qemu.qmp);
 *     const address = formatSocketAddress(qemu.incoming);
 *     await qmp.call("migrate-incoming", { uri: address });
 *     await send(address);
 *   } finally {
 *     await qemu.stop();
 *   }
 * }
 * ```
 */
export class SpawnedQemu {
  /** Its monitor, which nobody is connected to. */
  readonly qmp: SocketAddress;
  /** Where the migration may come in: a place for a Unix socket that is not there yet. */
  readonly incoming: SocketAddress;
  /** The number of the process that was started: QEMU, or what started it. */
  readonly pid: number;
  /** What is other than in the command, for people, a sentence each without a period. */
  readonly notes: readonly string[];
  /** How the process ended, when it has. Never rejects. */
  readonly exited: Promise<Exit>;
  readonly #process: Process;
  readonly #folder: PrivateFolder;
  readonly #limits: SpawnLimits;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => void this.stop().catch(() => {});
  #stopping: Promise<void> | undefined;

  private constructor(process: Process, folder: PrivateFolder, notes: readonly string[], options: SpawnOptions) {
    this.#process = process;
    this.#folder = folder;
    this.#limits = { ...SPAWN_LIMITS, ...options.limits };
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.#signal = options.signal;
    this.notes = notes;
    this.pid = process.pid;
    this.exited = process.exited;
    this.qmp = { kind: "unix", path: monitorIn(folder) };
    this.incoming = { kind: "unix", path: `${folder.path}/in` };
  }

  /**
   * Starts a QEMU, and waits until its monitor answers.
   *
   * @throws {SpawnError} If it does not start; nothing is left behind then.
   * @throws The signal's reason, if it is aborted.
   */
  static async start(options: SpawnOptions): Promise<SpawnedQemu> {
    options.signal.throwIfAborted();
    const folder = await PrivateFolder.make(options.parent);
    let qemu: SpawnedQemu;
    try {
      const { program, args, notes } = await prepare(folder, options);
      const process = Process.start({ program, args, ...(options.recorded ? { folder: folder.path } : {}) });
      qemu = new SpawnedQemu(process, folder, notes, options);
    } catch (error) {
      await folder.remove();
      throw error;
    }
    try {
      await qemu.#answers(options.argv[0] ?? "");
      options.signal.throwIfAborted();
      options.signal.addEventListener("abort", qemu.#onAbort);
      return qemu;
    } catch (error) {
      await qemu.stop();
      throw error;
    }
  }

  /** The end of what it has written to standard error, 64 KiB at most. */
  stderr(): string {
    return this.#process.stderr();
  }

  /**
   * Ends it, if it has not ended, and all that it has started; removes its folder. May be called again.
   *
   * @throws {SpawnError} `unstoppable` if a process does not end.
   */
  stop(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#onAbort);
    return this.#stopping ??= this.#stop();
  }

  async #stop(): Promise<void> {
    const { terminateMs, killMs } = this.#limits;
    try {
      this.#process.signal("SIGTERM");
      if (!await settles(this.exited, terminateMs, this.#clock)) this.#process.signal("SIGKILL");
      if (!await settles(this.exited, killMs, this.#clock)) throw this.#unstoppable(`process ${this.pid} does not end`);
      await this.#endOthers();
      await settles(this.#process.heard(), REST_MS, this.#clock);
    } finally {
      await this.#process.deafen();
      await this.#folder.remove();
    }
  }

  /** Ends what the process has left behind: a QEMU, if the process was what started it. */
  async #endOthers(): Promise<void> {
    if (this.#process.signal("SIGKILL") === "group") return;
    // We may not. But a QEMU has a monitor, and that can be asked.
    try {
      using qmp = await QmpClient.connect(this.qmp, { clock: this.#clock });
      await qmp.call("quit");
    } catch {
      // Nobody is there, as it should be; or it does not answer, which the next look tells.
    }
    const end = this.#clock.now() + this.#limits.killMs;
    while (await this.#isListening()) {
      if (this.#clock.now() >= end) throw this.#unstoppable("what it has started does not end");
      await pause(POLL_MS, this.#clock);
    }
  }

  async #isListening(): Promise<boolean> {
    try {
      (await Deno.connect({ transport: "unix", path: monitorIn(this.#folder) })).close();
      return true;
    } catch {
      return false;
    }
  }

  #unstoppable(why: string): SpawnError {
    const hint = `end it yourself (kill -9 -- -${this.pid}); with --allow-run for all programs migwire may end more`;
    return new SpawnError("unstoppable", `Cannot stop QEMU: ${why}`, hint);
  }

  /** Waits until the monitor answers. It is let go then: it serves one at a time. */
  async #answers(program: string): Promise<void> {
    const end = new AbortController();
    const over = AbortSignal.any([this.#signal, end.signal]);
    let exit: Exit | undefined;
    void this.exited.then((how) => {
      exit = how;
      end.abort();
    });
    const stopClock = this.#clock.after(this.#limits.startMs, () => end.abort());
    let last: unknown;
    try {
      while (!over.aborted) {
        try {
          await Deno.lstat(monitorIn(this.#folder));
          (await QmpClient.connect(this.qmp, { clock: this.#clock, signal: over })).close();
          return;
        } catch (error) {
          if (error instanceof QmpError && error.code === "not-allowed") throw notAllowed(error);
          // It is not there yet, or nobody listens yet, or does not answer yet.
          if (!over.aborted) last = error;
        }
        await pause(POLL_MS, this.#clock);
      }
    } finally {
      stopClock();
    }
    this.#signal.throwIfAborted();
    throw exit === undefined ? this.#silent(program, last) : await this.#ended(program, exit);
  }

  #silent(program: string, cause: unknown): SpawnError {
    const seconds = this.#limits.startMs / 1000;
    const reason = cause instanceof QmpError ? ` (${cause.message})` : "";
    return new SpawnError(
      "silent",
      `Cannot start ${program}: its monitor did not answer within ${seconds} s${reason}${this.#said()}`,
      'a script must pass its arguments on to QEMU ("$@"), which has the monitor among them',
      { cause },
    );
  }

  async #ended(program: string, { code, signal }: Exit): Promise<SpawnError> {
    await settles(this.#process.heard(), REST_MS, this.#clock);
    const how = signal === undefined ? `exit code ${code}` : signal;
    return new SpawnError("ended", `Cannot start ${program}: it ended with ${how}${this.#said()}`);
  }

  /** What it said, for the end of a message. */
  #said(): string {
    const text = this.stderr().trimEnd();
    if (text === "") return ", and said nothing";
    return `. It said:\n${text.length > SHOWN_CHARACTERS ? `…${text.slice(-SHOWN_CHARACTERS)}` : text}`;
  }
}

/** The program and its arguments, when all that they need is in the folder. */
async function prepare(
  folder: PrivateFolder,
  { argv, recorded, blocks = [], binary, version, machine }: SpawnOptions,
): Promise<AdaptedCommand> {
  const adapted = adaptCommand(argv, {
    recorded,
    monitor: monitorIn(folder),
    ...(binary === undefined ? {} : { binary: absoluteProgram(binary) }),
    ...(version === undefined ? {} : { version }),
    ...(machine === undefined ? {} : { machine }),
  });
  if (!recorded) return adapted;
  const { args, files, notes } = standIns({
    args: adapted.args,
    blocks,
    folder: folder.path,
    current: Deno.cwd(),
    look,
  });
  for (const { name, bytes } of files) await folder.makeFile(name, bytes);
  return { program: adapted.program, args, notes: [...adapted.notes, ...notes] };
}

function monitorIn(folder: PrivateFolder): string {
  return `${folder.path}/qmp`;
}

/** A program by its path: the process of a recorded command runs in another folder than we. */
function absoluteProgram(program: string): string {
  return program.includes("/") && !program.startsWith("/") ? `${Deno.cwd()}/${program}` : program;
}

function look(path: string): Seen {
  try {
    return Deno.statSync(path).isDirectory ? "directory" : "file";
  } catch (error) {
    return error instanceof Deno.errors.NotCapable ? "hidden" : "missing";
  }
}

function notAllowed(cause: QmpError): SpawnError {
  const hint = "start with --allow-net, besides --allow-read and --allow-write for the folder for temporary files";
  return new SpawnError("not-allowed", "Cannot start QEMU: Deno has no permission for its monitor's socket", hint, {
    cause,
  });
}
