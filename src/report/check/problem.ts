import type { Finding } from "../../wire/mod.ts";
import type { Known } from "../../capture/values.ts";

/** A problem as a rule finds it, before the recorded outcome has its say. */
export interface ProblemDraft extends Finding {
  /** What to do about it. */
  readonly hint?: string;
  /**
   * What the destination expects instead. With this an error is a prediction: if the recording says that this
   * destination completed, it becomes a warning.
   */
  readonly expected?: Known<unknown> | undefined;
  /** What was lost if source and destination say completed all the same; a clause. */
  readonly lost?: string;
}

/** The fields of a problem that a rule has to name. */
type Given = Omit<ProblemDraft, "severity">;

/** An error: a destination would refuse, wait for ever, or lose state. */
export function error(problem: Given): ProblemDraft {
  return { severity: "error", ...problem };
}

/** A warning: suspicious but legal. */
export function warning(problem: Given): ProblemDraft {
  return { severity: "warning", ...problem };
}
