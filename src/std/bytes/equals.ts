import { Buffer } from "node:buffer";

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
  return a.length === b.length && Buffer.compare(a, b) === 0;
}
