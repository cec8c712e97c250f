import { equals } from "./equals.ts";

/**
 * Whether a byte array ends with another.
 *
 * @param source The byte array.
 * @param suffix The ending looked for.
 * @returns Whether it does.
 *
 * @example Usage
 * ```ts
 * import { endsWith } from "@std/bytes/ends-with";
 * import { assert } from "@std/assert";
 *
 * assert(endsWith(new Uint8Array([1, 2, 3]), new Uint8Array([2, 3])));
 * ```
 */
export function endsWith(source: Uint8Array, suffix: Uint8Array): boolean {
  return suffix.length <= source.length &&
    equals(source.subarray(source.length - suffix.length), suffix);
}
