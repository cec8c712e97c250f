/**
 * Copies as many bytes as fit.
 *
 * @param src The bytes to copy.
 * @param dst Where to copy them.
 * @param offset Where in `dst` to begin; kept within it.
 * @returns How many bytes were copied.
 *
 * @example Usage
 * ```ts
 * import { copy } from "@std/bytes/copy";
 * import { assertEquals } from "@std/assert";
 *
 * const target = new Uint8Array(2);
 * assertEquals(copy(new Uint8Array([7, 8, 9]), target, 1), 1);
 * assertEquals(target, new Uint8Array([0, 7]));
 * ```
 */
export function copy(
  src: Uint8Array,
  dst: Uint8Array,
  offset: number = 0,
): number {
  const start = Math.max(0, Math.min(offset, dst.length));
  const count = Math.min(src.length, dst.length - start);
  dst.set(src.subarray(0, count), start);
  return count;
}
