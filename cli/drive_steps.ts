import type { Io } from "./io.ts";

/** Between two looks at whether it is to be stopped, milliseconds. */
const PAUSE_INTERVAL = 100;

/**
 * Writes step by step, so that it can be stopped: what was begun is then removed.
 *
 * @param steps Writes; each step says how many bytes were written.
 * @param io Says when to stop.
 * @returns How many bytes were written in all.
 */
export async function driveSteps(steps: Generator<number>, io: Io): Promise<number> {
  // From now on an interrupt waits until it is looked for.
  const { interrupt } = io;
  let written = 0;
  let last = performance.now();
  for (written of steps) {
    if (performance.now() - last < PAUSE_INTERVAL) continue;
    // The signal is seen only while nothing runs.
    await new Promise((resolve) => setTimeout(resolve));
    interrupt.throwIfAborted();
    last = performance.now();
  }
  return written;
}
