/** What is found when A and B change places, for the tests of this folder. @module */

import type { Found } from "./compare.ts";
import type { Difference } from "./model.ts";

const OTHER = { added: "removed", removed: "added", changed: "changed" } as const;

/** The same with A and B exchanged; fields in the order in which they are made. */
export function mirrored(found: Found): Found {
  if (found.kind === "not-compared") return { ...found, missing: found.missing === "a" ? "b" : "a" };
  return mirroredDifference(found);
}

/** {@linkcode mirrored} for a difference. */
export function mirroredDifference(difference: Difference): Difference {
  const { path, name, kind, a, b, meaning, type, size, ranges, moreRanges, where } = difference;
  return {
    path,
    name,
    kind: OTHER[kind],
    ...exchanged({ ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) }),
    ...(meaning === undefined ? {} : { meaning: exchanged(meaning) }),
    ...(type === undefined ? {} : { type: exchanged(type) }),
    ...(size === undefined ? {} : { size: { a: size.b, b: size.a } }),
    ...(ranges === undefined ? {} : { ranges: ranges.map((range) => exchangedRange(range)) }),
    ...(moreRanges === undefined ? {} : { moreRanges }),
    where: exchanged(where),
  };
}

type Range = NonNullable<Difference["ranges"]>[number];

function exchangedRange({ offset, length, ...sides }: Range): Range {
  return { offset, length, ...exchanged(sides) };
}

function exchanged<T>({ a, b }: { readonly a?: T; readonly b?: T }): { readonly a?: T; readonly b?: T } {
  return { ...(b === undefined ? {} : { a: b }), ...(a === undefined ? {} : { b: a }) };
}
