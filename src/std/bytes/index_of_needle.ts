/**
 * Where a byte array first contains another.
 *
 * @param source The byte array to search.
 * @param needle The bytes looked for.
 * @param start Where to begin; a negative number counts from the end.
 * @returns The index, or -1 if there is none. An empty needle is found nowhere.
 *
 * @example Usage
 * ```ts
 * import { indexOfNeedle } from "@std/bytes/index-of-needle";
 * import { assertEquals } from "@std/assert";
 *
 * const source = new Uint8Array([0, 1, 2, 1, 2]);
 * assertEquals(indexOfNeedle(source, new Uint8Array([1, 2])), 1);
 * assertEquals(indexOfNeedle(source, new Uint8Array([1, 2]), 2), 3);
 * assertEquals(indexOfNeedle(source, new Uint8Array([3])), -1);
 * ```
 */
export function indexOfNeedle(
  source: Uint8Array,
  needle: Uint8Array,
  start: number = 0,
): number {
  const [first] = needle;
  if (first === undefined) return -1;
  const from = start < 0 ? Math.max(0, source.length + start) : start;
  const last = source.length - needle.length;
  for (let at = source.indexOf(first, from); at >= 0 && at <= last; at = source.indexOf(first, at + 1)) {
    if (needle.every((byte, i) => source[at + i] === byte)) return at;
  }
  return -1;
}
