import { type Capture, CaptureError, openCapture, type OpenOptions } from "../src/public/capture.ts";
import { EXIT, ExitError } from "./exit.ts";

/**
 * Opens a capture, gives it to `use`, and closes it. What is in the way becomes an `ExitError` with exit code 3, the hint
 * on a line of its own.
 *
 * @param spec Path of a directory or file, or `-`.
 * @param options As for `openCapture`.
 * @param use What to do with it.
 * @returns What `use` gave.
 *
 * @example Usage
 * ```ts
 * import { withCapture } from "./with_capture.ts";
 * import { ExitError } from "./exit.ts";
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => withCapture("-", { stdin: () => 0 }, () => {}), ExitError);
 * ```
 */
export function withCapture<T>(spec: string, options: OpenOptions, use: (capture: Capture) => T): T {
  try {
    const capture = openCapture(spec, options);
    try {
      return use(capture);
    } finally {
      capture.close();
    }
  } catch (error) {
    throw exitErrorOf(error);
  }
}

/**
 * As {@linkcode withCapture} for what takes its time: the capture is closed when the promise is settled.
 *
 * @param spec Path of a directory or file, or `-`.
 * @param options As for `openCapture`.
 * @param use What to do with it.
 * @returns What `use` gave.
 */
export async function withCaptureAsync<T>(
  spec: string,
  options: OpenOptions,
  use: (capture: Capture) => Promise<T>,
): Promise<T> {
  try {
    const capture = openCapture(spec, options);
    try {
      return await use(capture);
    } finally {
      capture.close();
    }
  } catch (error) {
    throw exitErrorOf(error);
  }
}

/** What ends the program: a capture that cannot be had is something in the way. */
function exitErrorOf(error: unknown): unknown {
  if (!(error instanceof CaptureError)) return error;
  const message = error.hint === "" ? error.message : `${error.message}\n${error.hint}`;
  return new ExitError(error.code === "encrypted" ? EXIT.fault : EXIT.blocked, message, { cause: error });
}
