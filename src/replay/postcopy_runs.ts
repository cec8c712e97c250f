import type { Monitor } from "../emit/target/mod.ts";
import { type Clock, isObject, QmpError } from "../qmp/mod.ts";

/** How it is waited for. */
export interface PostcopyRunsOptions {
  /** So long at most, milliseconds. */
  readonly limitMs: number;
  /** What that is measured by. */
  readonly clock: Clock;
}

/** Between questions. */
const POLL_MS = 20;

/**
 * Waits until a target has gone over to postcopy for good: POSTCOPY_RUN has been done, after which its machine is no more
 * `inmigrate`. A connection that breaks before makes it fail; one that breaks then makes it wait for a recovery.
 *
 * @returns When it has, or when the limit is over, or its monitor does not tell.
 */
export async function postcopyRuns(monitor: Monitor, { limitMs, clock }: PostcopyRunsOptions): Promise<void> {
  const end = clock.now() + limitMs;
  try {
    while (clock.now() < end) {
      const answer = await monitor.call("query-status");
      if (!isObject(answer) || answer.status !== "inmigrate") return;
      await new Promise<void>((resolve) => clock.after(POLL_MS, resolve));
    }
  } catch (error) {
    // Whoever follows the migration hears of that, too.
    if (!(error instanceof QmpError)) throw error;
  }
}
