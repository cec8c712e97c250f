/**
 * The candidate that was probably meant, or `undefined` if none is close.
 *
 * @param typed What was typed.
 * @param candidates What exists.
 * @returns The nearest within about a third of its letters.
 *
 * @example Usage
 * ```ts
 * import { nearest } from "./nearest.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(nearest("isnpect", ["check", "inspect"]), "inspect");
 * assertEquals(nearest("xyz", ["check", "inspect"]), undefined);
 * ```
 */
export function nearest(typed: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Infinity;
  for (const candidate of candidates) {
    // The start of a word is what people type who hope for an abbreviation.
    const isStart = typed.length > 1 && candidate.startsWith(typed);
    const edits = isStart ? 1 : distance(typed, candidate);
    if (edits <= Math.max(1, candidate.length / 3) && edits < least) {
      best = candidate;
      least = edits;
    }
  }
  return best;
}

/** Letters to insert, remove, replace or swap with their neighbour (optimal string alignment). */
function distance(from: string, to: string): number {
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const isSame = from[i - 1] === to[j - 1];
      let edits = Math.min(
        at(above, j) + 1,
        at(row, j - 1) + 1,
        at(above, j - 1) + (isSame ? 0 : 1),
      );
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (isSwap) edits = Math.min(edits, at(before, j - 2) + 1);
      row.push(edits);
    }
    before = above;
    above = row;
  }
  return at(above, to.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}
