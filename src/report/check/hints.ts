import type { ProblemDraft } from "./problem.ts";

/** What to do about what readers find, by code. */
const HINTS: { readonly [code: string]: string } = {
  truncated: "the recording or the migration was broken off here; record it to its end",
  encrypted: "what is encrypted cannot be judged: record without TLS, or behind it",
  "destination-failed": "look at the destination's own messages",
  "not-understood": "name the file or the offset where the stream begins (--offset)",
  "mapped-ram-offset": "give --offset, where the stream begins in its file",
  "tls-refused": "set tls-creds on both sides, or on none",
};

/** The problem with a hint, if there is one. */
export function withHint(problem: ProblemDraft): ProblemDraft {
  const hint = problem.hint ?? (Object.hasOwn(HINTS, problem.code) ? HINTS[problem.code] : undefined);
  return hint === undefined ? problem : { ...problem, hint };
}
