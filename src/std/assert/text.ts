import { AssertionError } from "./assertion_error.ts";

/**
 * Asserts that a text matches a pattern.
 *
 * @param actual The text.
 * @param expected The pattern.
 * @param msg The message instead of the usual one.
 *
 * @example Usage
 * ```ts
 * import { assertMatch } from "@std/assert";
 *
 * assertMatch("0x1f", /^0x[0-9a-f]+$/);
 * ```
 */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  // Not `test`: it would move the `lastIndex` of a global pattern, and from there start the next match.
  if (actual.search(expected) >= 0) return;
  throw new AssertionError(
    msg ?? `Expected actual: "${actual}" to match: "${expected}".`,
  );
}

/**
 * Asserts that a text contains another.
 *
 * @param actual The text.
 * @param expected The part.
 * @param msg Added to the message.
 *
 * @example Usage
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 *
 * assertStringIncludes("multifd channel 2", "channel");
 * ```
 */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to contain: "${expected}"${msg ? `: ${msg}` : "."}`,
  );
}
