import type { Facts } from "./facts.ts";
import { error, type ProblemDraft } from "./problem.ts";

/** Warnings of readers about bytes that are not understood. To a reader that goes on they are no error; here they are. */
const UNREAD_CODES: readonly string[] = ["encrypted", "not-understood", "trailing", "description-mismatch"];

/** A reader's finding, as `check` sees it: what cannot be judged is not well. */
export function judgeReading(problem: ProblemDraft): ProblemDraft {
  if (!UNREAD_CODES.includes(problem.code)) return problem;
  return { ...problem, severity: "error" };
}

/** Every byte is understood: a rest that no finding tells of is a problem of its own. */
export function* coverageRule(facts: Facts, found: readonly ProblemDraft[]): Generator<ProblemDraft> {
  for (const { channel: { label }, unread } of facts.channels) {
    for (const { offset, length, reason } of unread) {
      // The rest of a channel is opaque from where a reader gave up.
      const isTold = found.some((problem) =>
        problem.channel === label && problem.severity === "error" &&
        (problem.offset === offset || problem.message === reason)
      );
      if (isTold) continue;
      yield error({
        code: "not-understood",
        channel: label,
        offset,
        message: `${length} bytes are not understood: ${reason}`,
      });
    }
  }
}

/** What could not be written again to be compared, since it came from a pipe and is gone. */
export function* comparedRule(facts: Facts): Generator<ProblemDraft> {
  for (const { channel: { label, channel } } of facts.channels) {
    if (channel.source !== undefined) continue;
    yield {
      severity: "warning",
      code: "not-compared",
      channel: label,
      offset: 0,
      message: "the channel came from a pipe and is gone: it could not be written again and compared",
      hint: "save it in a file, and check that",
    };
  }
}
