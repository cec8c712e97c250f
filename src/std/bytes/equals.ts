/**
 * Whether two byte arrays hold the same bytes.
 *
 * @param a One byte array.
 * @param b The other.
 * @returns Whether they are equal.
 *
 * @example Usage
 * ```ts
 * import { equals } from "@std/bytes/equals";
 * import { assert } from "@std/assert";
 *
 * assert(equals(new Uint8Array([1, 2]), new Uint8Array([1, 2])));
 * ```
 */
export function equals(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
