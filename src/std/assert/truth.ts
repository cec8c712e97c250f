import { AssertionError } from "./assertion_error.ts";
import { show } from "./difference.ts";

/** A constructor of any class, abstract ones too. */
// deno-lint-ignore no-explicit-any -- only `any` accepts every parameter list
export type AnyConstructor = abstract new (...args: any[]) => any;

/** What a constructor makes. */
export type GetConstructorType<C extends AnyConstructor> = InstanceType<C>;

/**
 * Asserts that something is truthy, and lets the type checker know.
 *
 * @param expr What must hold.
 * @param msg The message if it does not.
 *
 * @example Usage
 * ```ts
 * import { assert } from "@std/assert";
 *
 * const found = ["ram", "vfio"].find((name) => name === "ram");
 * assert(found);
 * assert(found.length === 3); // no longer `string | undefined`
 * ```
 */
export function assert(expr: unknown, msg: string = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/**
 * Asserts that something is neither `undefined` nor `null`.
 *
 * @typeParam T The type of the value.
 * @param actual The value.
 * @param msg Added to the message.
 *
 * @example Usage
 * ```ts
 * import { assertExists } from "@std/assert";
 *
 * assertExists(new Map([["a", 0]]).get("a"));
 * ```
 */
export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  throw new AssertionError(
    `Expected actual: "${actual}" to not be null or undefined${msg ? `: ${msg}` : "."}`,
  );
}

/**
 * Asserts that something is an instance of a class.
 *
 * @typeParam T The class.
 * @param actual The value.
 * @param expectedType The class.
 * @param msg Added to the message.
 *
 * @example Usage
 * ```ts
 * import { assertInstanceOf } from "@std/assert";
 *
 * assertInstanceOf(new RangeError(), Error);
 * ```
 */
export function assertInstanceOf<T extends AnyConstructor>(
  actual: unknown,
  expectedType: T,
  msg: string = "",
): asserts actual is GetConstructorType<T> {
  if (actual instanceof expectedType) return;
  throw new AssertionError(
    `Expected object to be an instance of "${expectedType.name}" but was ${nameOf(actual)}${msg ? `: ${msg}` : "."}`,
  );
}

function nameOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return show(value);
  return `"${value.constructor?.name ?? "Object"}"`;
}

/**
 * Fails, always.
 *
 * @param msg Why.
 *
 * @example Usage
 * ```ts
 * import { assertThrows, fail } from "@std/assert";
 *
 * assertThrows(() => fail("not reached"));
 * ```
 */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${msg ? `: ${msg}` : "."}`);
}

/**
 * Marks a place that is never reached.
 *
 * @param reason Why it cannot be reached.
 *
 * @example Usage
 * ```ts
 * import { assertThrows, unreachable } from "@std/assert";
 *
 * assertThrows(() => unreachable("all kinds are handled above"));
 * ```
 */
export function unreachable(reason?: string): never {
  throw new AssertionError(`Unreachable${reason ? `: ${reason}` : "."}`);
}
