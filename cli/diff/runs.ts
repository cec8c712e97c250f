import type { Difference } from "../../src/public/diff.ts";

/** Differences of elements of one array that follow each other, or one difference. */
export type Run = readonly [first: Difference, ...others: Difference[]];

/** Puts differences of neighbours in an array together. */
export function runsOf(differences: readonly Difference[]): Run[] {
  const runs: [Difference, ...Difference[]][] = [];
  for (const difference of differences) {
    const run = runs.at(-1);
    const last = run?.at(-1);
    if (run !== undefined && last !== undefined && follows(last, difference)) run.push(difference);
    else runs.push([difference]);
  }
  return runs;
}

function follows(before: Difference, after: Difference): boolean {
  const [last, next] = [before.path.at(-1), after.path.at(-1)];
  if (typeof last !== "number" || next !== last + 1 || before.kind !== after.kind) return false;
  if (before.path.length !== after.path.length || isGroup(before) !== isGroup(after)) return false;
  return before.path.slice(0, -1).every((step, i) => step === after.path[i]);
}

/** Whether it is more than a number or a text. */
function isGroup({ a, b }: Difference): boolean {
  return [a, b].some((value) => typeof value === "object" && value !== null);
}
