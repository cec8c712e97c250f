import { startError } from "./process.ts";
import { SpawnError } from "./spawn_error.ts";

/** What is started. */
export interface RunOptions {
  /** The program. */
  readonly program: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** How long it may take, in milliseconds. */
  readonly limitMs: number;
  /** Ends it when it is aborted. */
  readonly signal: AbortSignal;
}

/** What a program answered. */
export interface ProgramAnswer {
  /** Its exit code. */
  readonly code: number;
  /** What it printed, 1 MiB at most. */
  readonly stdout: string;
  /** What it printed to standard error, 1 MiB at most. */
  readonly stderr: string;
}

/** What is kept of each output: machine types of QEMU take some KiB. */
const KEPT_BYTES = 1024 * 1024;

/**
 * Runs a program that ends by itself. It has no standard input.
 *
 * @throws {SpawnError} `no-program`, `not-allowed`; `silent` if it does not end in time.
 * @throws The signal's reason, if it is aborted.
 */
export async function runProgram({ program, args, limitMs, signal }: RunOptions): Promise<ProgramAnswer> {
  signal.throwIfAborted();
  const child = start(program, args);
  const late = AbortSignal.timeout(limitMs);
  const end = (): void => kill(child);
  const reasons = [signal, late];
  for (const reason of reasons) reason.addEventListener("abort", end);
  try {
    const [stdout, stderr, { code }] = await Promise.all([keep(child.stdout), keep(child.stderr), child.status]);
    signal.throwIfAborted();
    if (late.aborted) {
      throw new SpawnError("silent", `Cannot ask ${program}: ${args.join(" ")} did not end within ${limitMs / 1000} s`);
    }
    return { code, stdout, stderr };
  } finally {
    for (const reason of reasons) reason.removeEventListener("abort", end);
  }
}

function start(program: string, args: readonly string[]): Deno.ChildProcess {
  try {
    return new Deno.Command(program, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      // The leader of a group: a script that starts QEMU is ended together with it.
      detached: true,
    }).spawn();
  } catch (cause) {
    throw startError(program, cause);
  }
}

function kill(child: Deno.ChildProcess): void {
  try {
    Deno.kill(-child.pid, "SIGKILL");
    return;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
  }
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Reads all, and keeps the first of it. */
async function keep(stream: ReadableStream<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let left = KEPT_BYTES;
  for await (const chunk of stream) {
    if (left > 0) chunks.push(chunk.subarray(0, left));
    left -= chunk.length;
  }
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
}
