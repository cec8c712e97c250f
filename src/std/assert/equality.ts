import { AssertionError } from "./assertion_error.ts";
import { difference, show } from "./difference.ts";
import { equal } from "./equal.ts";

/**
 * Asserts that two values have the same structure, see {@linkcode equal}.
 *
 * @typeParam T The type of the values.
 * @param actual The value found.
 * @param expected The value wanted.
 * @param msg Said in front of the difference.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals([{ offset: 0 }], [{ offset: 0 }]);
 * ```
 */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw new AssertionError(
    `Values are not equal${because(msg)}\n\n${difference(actual, expected)}`,
  );
}

/**
 * Asserts that two values do not have the same structure.
 *
 * @typeParam T The type of the values.
 * @param actual The value found.
 * @param expected The value not wanted.
 * @param msg Added to the message.
 *
 * @example Usage
 * ```ts
 * import { assertNotEquals } from "@std/assert";
 *
 * assertNotEquals([1], [2]);
 * ```
 */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw new AssertionError(
    `Expected values not to be equal${because(msg)}\n\n    ${show(actual, 3)}`,
  );
}

/**
 * Asserts that two values are the same, by `Object.is`.
 *
 * @typeParam T The type of the value wanted.
 * @param actual The value found.
 * @param expected The value wanted.
 * @param msg Added to the message.
 *
 * @example Usage
 * ```ts
 * import { assertStrictEquals } from "@std/assert";
 *
 * const page = new Uint8Array(4096);
 * assertStrictEquals(page, page);
 * ```
 */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  throw new AssertionError(
    show(actual) === show(expected)
      ? `Values have the same structure but are not the same${because(msg)}\n\n    ${show(actual, 3)}`
      : `Values are not strictly equal${because(msg)}\n\n${difference(actual, expected)}`,
  );
}

function because(msg: string | undefined): string {
  return msg ? `: ${msg}` : ".";
}
