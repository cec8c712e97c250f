import { AssertionError } from "./assertion_error.ts";
import { show } from "./difference.ts";

/**
 * Asserts `actual > expected`.
 *
 * @typeParam T The type of the values.
 * @param actual The value found.
 * @param expected What it must exceed.
 * @param msg The message instead of the usual one.
 *
 * @example Usage
 * ```ts
 * import { assertGreater } from "@std/assert";
 *
 * assertGreater(2, 1);
 * ```
 */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  ordered(actual > expected, actual, ">", expected, msg);
}

/**
 * Asserts `actual >= expected`.
 *
 * @typeParam T The type of the values.
 * @param actual The value found.
 * @param expected The least value wanted.
 * @param msg The message instead of the usual one.
 *
 * @example Usage
 * ```ts
 * import { assertGreaterOrEqual } from "@std/assert";
 *
 * assertGreaterOrEqual(2, 2);
 * ```
 */
export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  ordered(actual >= expected, actual, ">=", expected, msg);
}

/**
 * Asserts `actual < expected`.
 *
 * @typeParam T The type of the values.
 * @param actual The value found.
 * @param expected What it must stay below.
 * @param msg The message instead of the usual one.
 *
 * @example Usage
 * ```ts
 * import { assertLess } from "@std/assert";
 *
 * assertLess(1, 2);
 * ```
 */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  ordered(actual < expected, actual, "<", expected, msg);
}

/**
 * Asserts `actual <= expected`.
 *
 * @typeParam T The type of the values.
 * @param actual The value found.
 * @param expected The greatest value wanted.
 * @param msg The message instead of the usual one.
 *
 * @example Usage
 * ```ts
 * import { assertLessOrEqual } from "@std/assert";
 *
 * assertLessOrEqual(2, 2);
 * ```
 */
export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  ordered(actual <= expected, actual, "<=", expected, msg);
}

function ordered(
  holds: boolean,
  actual: unknown,
  sign: string,
  expected: unknown,
  msg?: string,
): void {
  if (!holds) {
    throw new AssertionError(
      msg ?? `Expect ${show(actual)} ${sign} ${show(expected)}`,
    );
  }
}
