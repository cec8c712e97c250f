/** What waits are measured by; a test brings its own. */
export interface Clock {
  /** Milliseconds since some moment; they never go back. */
  now(): number;
  /** Calls `then` once, after `ms` milliseconds. What it returns takes that back. */
  after(ms: number, then: () => void): () => void;
}

/** The time of the system. */
export const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms);
    return () => clearTimeout(timer);
  },
};
