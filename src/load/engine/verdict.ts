/**
 * What becomes of a load. The engine always ends; what QEMU would do with the same bytes is a part of the answer
 * (destination-engine.md B.7).
 */
export type VerdictKind =
  /** Everything is loaded. */
  | "ok"
  /** QEMU fails with an error of its own. */
  | "error"
  /** QEMU waits for ever. */
  | "would-hang"
  /** QEMU aborts on an assertion, or for lack of memory. */
  | "would-abort"
  /** QEMU says success, and a part of the state was never loaded. */
  | "lost-state";

/** What becomes of a load, and why. */
export interface Verdict {
  /** What becomes of it. */
  readonly kind: VerdictKind;
  /** Why, stable, for programs: `duplicate-idx`. Empty with `ok`. */
  readonly code: string;
  /** Why, for people. Empty with `ok`. */
  readonly reason: string;
  /** QEMU's own text, where it has one. */
  readonly qemu?: string;
  /** The device it is about. */
  readonly device?: string;
}

/** Everything is loaded. */
export const LOADED: Verdict = { kind: "ok", code: "", reason: "" };
