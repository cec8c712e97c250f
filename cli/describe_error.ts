import { EXIT, ExitError } from "./exit.ts";

/** Why the program ends, for its user. */
export interface Ending {
  /** What the process ends with. */
  readonly exitCode: number;
  /** What is printed; nothing if empty. */
  readonly message: string;
}

/** Name of the error class of `src/wire`; by name, so that describing an error loads no parser. */
const WIRE_ERROR = "WireError";

/**
 * Sorts an error: whose fault is it, and what should its user read?
 *
 * @param error What was thrown.
 * @returns The exit code and the message.
 *
 * @example Usage
 * ```ts
 * import { describeError } from "./describe_error.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(describeError(new Deno.errors.NotFound("no dump.bin")), {
 *   exitCode: 3,
 *   message: "no dump.bin",
 * });
 * ```
 */
export function describeError(error: unknown): Ending {
  if (error instanceof ExitError) return { exitCode: error.exitCode, message: error.message };
  if (!(error instanceof Error)) return { exitCode: EXIT.blocked, message: bug(String(error)) };
  if (error.name === WIRE_ERROR) return { exitCode: EXIT.fault, message: error.message };
  // Thrown by whatever waited with `Io.interrupt` when SIGINT came.
  if (error.name === "AbortError") return { exitCode: EXIT.interrupted, message: "" };
  if (comesFromSystem(error)) return { exitCode: EXIT.blocked, message: error.message };
  return { exitCode: EXIT.blocked, message: bug(error.stack ?? error.message) };
}

/** Whether the operating system, or Deno's permissions, said no. */
function comesFromSystem(error: Error): boolean {
  const isDenos = Object.values(Deno.errors).some((kind) => error instanceof kind);
  // Errors of `node:` modules: ENOENT, ECONNREFUSED.
  return isDenos || ("code" in error && /^E[A-Z0-9]+$/.test(String(error.code)));
}

function bug(details: string): string {
  return `This is a bug in migwire, please report it.\n${details}`;
}
