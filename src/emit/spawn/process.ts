import { SpawnError } from "./spawn_error.ts";

/** What is kept of the end of standard error. */
const STDERR_BYTES = 64 * 1024;

/** How a process ended. */
export interface Exit {
  /** Its exit code. */
  readonly code: number;
  /** The signal that ended it. */
  readonly signal?: string;
}

/** How a process is started. */
export interface ProcessOptions {
  /** The program. */
  readonly program: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Its working directory; ours if absent. */
  readonly folder?: string;
}

/** A process and those that it starts, in a group of their own. */
export class Process {
  /** Its number. */
  readonly pid: number;
  /** How it ended, when it has. Never rejects. */
  readonly exited: Promise<Exit>;
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** When standard error has ended. */
  readonly #heard: Promise<void>;
  #stderr = new Uint8Array(0);

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.pid = child.pid;
    this.exited = child.status.then(({ code, signal }) => signal === null ? { code } : { code, signal });
    this.#reader = child.stderr.getReader();
    this.#heard = this.#hear();
  }

  /**
   * Starts a program. It has no standard input, and its standard output goes nowhere.
   *
   * @throws {SpawnError} `no-program`, `not-allowed`.
   */
  static start({ program, args, folder }: ProcessOptions): Process {
    try {
      const command = new Deno.Command(program, {
        args: [...args],
        ...(folder === undefined ? {} : { cwd: folder }),
        stdin: "null",
        stdout: "null",
        stderr: "piped",
        // The leader of a group: all of it can be ended at once, and Ctrl-C does not reach it.
        detached: true,
      });
      return new Process(command.spawn());
    } catch (cause) {
      throw startError(program, cause);
    }
  }

  /** The end of what it has written to standard error. */
  stderr(): string {
    return new TextDecoder().decode(this.#stderr);
  }

  /** Sends a signal to all of the group; only to the process itself if Deno may not (`--allow-run` for all programs). */
  signal(name: "SIGTERM" | "SIGKILL"): "group" | "process" {
    try {
      Deno.kill(-this.pid, name);
      return "group";
    } catch (error) {
      // Nobody of the group is left.
      if (error instanceof Deno.errors.NotFound) return "group";
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
    }
    try {
      this.#child.kill(name);
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    }
    return "process";
  }

  /** When all that it wrote to standard error is there. Waits for ever if somebody of the group holds it open. */
  heard(): Promise<void> {
    return this.#heard;
  }

  /** Listens to standard error no more. */
  async deafen(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  async #hear(): Promise<void> {
    try {
      while (true) {
        const { value } = await this.#reader.read();
        if (value === undefined) return;
        const all = new Uint8Array(this.#stderr.length + value.length);
        all.set(this.#stderr);
        all.set(value, this.#stderr.length);
        this.#stderr = all.slice(-STDERR_BYTES);
      }
    } catch {
      // What was read until then is what there is.
    }
  }
}

/** Why a program does not start. */
export function startError(program: string, cause: unknown): SpawnError {
  const options = { cause };
  if (cause instanceof Deno.errors.NotFound) {
    const hint = `install ${packageOf(program)}, or name another program`;
    return new SpawnError("no-program", `Cannot start ${program}: there is no such program`, hint, options);
  }
  if (cause instanceof Deno.errors.NotCapable) {
    // Deno's own text tells of variables such as LD_PRELOAD, which need --allow-run for all programs.
    const message = `Cannot start ${program}: Deno has no permission for it (${cause.message})`;
    return new SpawnError("not-allowed", message, `start with --allow-run=${program}, or --allow-run`, options);
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new SpawnError("no-program", `Cannot start ${program}: ${reason}`, "look at its owner and mode", options);
}

/** What a QEMU is in, where it can be told. */
function packageOf(program: string): string {
  const arch = /qemu-system-([a-z0-9_]+)$/.exec(program)?.[1];
  if (arch === undefined) return "it";
  const name = /^(?:x86_64|i386)$/.test(arch)
    ? "qemu-system-x86"
    : /^(?:aarch64|arm)$/.test(arch)
    ? "qemu-system-arm"
    : /^ppc/.test(arch)
    ? "qemu-system-ppc"
    : "qemu-system";
  return `QEMU (Debian's package ${name})`;
}
