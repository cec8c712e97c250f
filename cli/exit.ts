/** The exit codes, one meaning each. */
export const EXIT = {
  /** All went as asked. */
  ok: 0,
  /** The capture, or the target it was sent to, is at fault. */
  fault: 1,
  /** The command line is at fault. */
  usage: 2,
  /** Something is in the way: a file, the network, a permission. */
  blocked: 3,
  /** Ended by SIGINT, as a shell reports it. */
  interrupted: 130,
  /** The reader of our output went away; the number a shell reports for SIGPIPE, so that a pipeline can tell. */
  closedPipe: 141,
} as const;

/**
 * Ends the command with a message and an exit code.
 *
 * @example Usage
 * ```ts
 * import { EXIT, ExitError } from "./exit.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new ExitError(EXIT.blocked, "Cannot send: nobody listens").exitCode, 3);
 * ```
 */
export class ExitError extends Error {
  /** The class's name. */
  override name = "ExitError";
  /** What the process ends with. */
  readonly exitCode: number;

  /**
   * Makes the error.
   *
   * @param exitCode What the process ends with, of {@linkcode EXIT}.
   * @param message What is printed.
   * @param options As for `Error`.
   */
  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The command line is at fault: exit code 2, and a pointer to the help. */
export class UsageError extends ExitError {
  /** The class's name. */
  override name = "UsageError";

  /**
   * Makes the error.
   *
   * @param message What is wrong with it.
   * @param options As for `Error`.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(EXIT.usage, message, options);
  }
}
