/** What waits are measured by; a test brings its own. */
export interface Clock {
  /** Milliseconds since some moment; they never go back. */
  now(): number;
  /** Calls `then` once, after `ms` milliseconds. What it returns takes that back. */
  after(ms: number, then: () => void): () => void;
}

/** A timer that is set later than this rings at once. */
const MAX_TIMER_MS = 0x7fffffff;

/** The time of the system. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, Math.min(ms, MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
};
