/**
 * Joins byte arrays into a new one.
 *
 * @param buffers The byte arrays, in order.
 * @returns A copy of all of them, end to end.
 *
 * @example Usage
 * ```ts
 * import { concat } from "@std/bytes/concat";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(concat([new Uint8Array([1]), new Uint8Array([2, 3])]), new Uint8Array([1, 2, 3]));
 * ```
 */
export function concat(
  buffers: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const buffer of buffers) length += buffer.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const buffer of buffers) {
    whole.set(buffer, at);
    at += buffer.length;
  }
  return whole;
}
