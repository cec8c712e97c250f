/** Waits by a clock that is given. @module */

import type { Clock } from "../../qmp/mod.ts";

/** Whether `promise` is settled within so many milliseconds. */
export function settles(promise: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const { promise: settled, resolve } = Promise.withResolvers<boolean>();
  const stopClock = clock.after(ms, () => resolve(false));
  const onSettled = (): void => {
    stopClock();
    resolve(true);
  };
  promise.then(onSettled, onSettled);
  return settled;
}

/** Waits so many milliseconds. */
export function pause(ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => void clock.after(ms, resolve));
}
