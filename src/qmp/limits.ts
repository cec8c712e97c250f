/** How long a monitor is waited for, in milliseconds. */
export interface QmpLimits {
  /** For the connection. */
  readonly connectMs: number;
  /** For the greeting. */
  readonly greetingMs: number;
  /** For the answer to a command. */
  readonly answerMs: number;
}

/** What a local QEMU needs by far the less of; one that is about to load or to write much may answer late. */
export const QMP_LIMITS: QmpLimits = { connectMs: 5_000, greetingMs: 5_000, answerMs: 20_000 };
