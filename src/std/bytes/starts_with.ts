import { equals } from "./equals.ts";

/**
 * Whether a byte array begins with another.
 *
 * @param source The byte array.
 * @param prefix The beginning looked for.
 * @returns Whether it does.
 *
 * @example Usage
 * ```ts
 * import { startsWith } from "@std/bytes/starts-with";
 * import { assert } from "@std/assert";
 *
 * assert(startsWith(new Uint8Array([0x51, 0x45, 0x56]), new Uint8Array([0x51, 0x45])));
 * ```
 */
export function startsWith(source: Uint8Array, prefix: Uint8Array): boolean {
  return equals(source.subarray(0, prefix.length), prefix);
}
