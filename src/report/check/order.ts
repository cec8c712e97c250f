import type { ProblemDraft } from "./problem.ts";

/** Errors that are what others lead to: the later, the further down. Those that are not named stand in the middle. */
const RANKS: { readonly [code: string]: number } = {
  "no-main": 0,
  "recorded-outcome": 3,
  truncated: 4,
  "destination-failed": 5,
};

/** Causes come first: what the destination expects otherwise, then what is wrong in the bytes, then what follows. */
function rank(problem: ProblemDraft): number {
  if (problem.severity === "warning") return problem.expected === undefined ? 7 : 6;
  const fixed = Object.hasOwn(RANKS, problem.code) ? RANKS[problem.code] : undefined;
  return fixed ?? (problem.expected === undefined ? 2 : 1);
}

/** The problems, causes before consequences, errors before warnings; else in the order in which they were found. */
export function causesFirst(problems: readonly ProblemDraft[]): ProblemDraft[] {
  return problems.toSorted((a, b) => rank(a) - rank(b));
}
