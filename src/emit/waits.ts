import type { Clock } from "../qmp/mod.ts";

/** Waits so long, or until `signal` is aborted; nothing is left on the clock then. */
export function sleep(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = (): void => {
      cancel();
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const cancel = clock.after(milliseconds, finish);
    signal.addEventListener("abort", finish);
  });
}

/** Settled when `signal` is aborted. When `until`, another one, is aborted before, nothing is left on `signal`. */
export function aborted(signal: AbortSignal, until?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener("abort", () => resolve(), {
      once: true,
      ...(until === undefined ? {} : { signal: until }),
    });
  });
}

/** What `wait` gives, or undefined when `signal` is aborted before; what becomes of `wait` then is nobody's concern. */
export async function unlessAborted<T>(wait: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const over = new AbortController();
  try {
    return await Promise.race([wait, aborted(signal, over.signal).then(() => undefined)]);
  } finally {
    over.abort();
  }
}

/** A time for people. */
export function seconds(milliseconds: number): string {
  return `${milliseconds / 1000} s`;
}

/** What an error says. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
