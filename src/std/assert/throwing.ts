import { AssertionError } from "./assertion_error.ts";
import { show } from "./difference.ts";

/** A class of errors, abstract ones too, whatever its constructor takes. */
type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** The arguments after the function: a message, or a class, a part of the error's message, a message. */
type Wanted<E extends Error> = {
  errorClass: ErrorClass<E> | undefined;
  part: string | undefined;
  suffix: string;
};

/**
 * Asserts that a function throws.
 *
 * @param fn The function.
 * @param msg Added to the message if it does not.
 * @returns What it threw.
 *
 * @example Usage
 * ```ts
 * import { assertThrows } from "@std/assert";
 *
 * assertThrows(() => JSON.parse("{"));
 * ```
 */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/**
 * Asserts that a function throws an error of a class, and perhaps one that says something.
 *
 * @typeParam E The class of the error.
 * @param fn The function.
 * @param ErrorClass The class of the error.
 * @param msgIncludes What the error's message must contain.
 * @param msg Added to the message of a failure.
 * @returns The error.
 *
 * @example Usage
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(() => new Uint8Array(-1), RangeError, "length");
 * assertEquals(error.name, "RangeError");
 * ```
 */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: abstract new (...args: never[]) => E,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const wanted = readWanted(classOrMsg, msgIncludes, msg);
  try {
    fn();
  } catch (error) {
    return judge(error, "throw", wanted);
  }
  throw new AssertionError(`Expected function to throw${wanted.suffix}`);
}

/**
 * Asserts that a promise is rejected.
 *
 * @param fn Gives the promise. To throw at once is not to reject, and fails.
 * @param msg Added to the message if it is not.
 * @returns What it was rejected with.
 *
 * @example Usage
 * ```ts
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(() => Promise.reject(new Error("cut short")));
 * ```
 */
export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
/**
 * Asserts that a promise is rejected with an error of a class, and perhaps one that says something.
 *
 * @typeParam E The class of the error.
 * @param fn Gives the promise. To throw at once is not to reject, and fails.
 * @param ErrorClass The class of the error.
 * @param msgIncludes What the error's message must contain.
 * @param msg Added to the message of a failure.
 * @returns The error.
 *
 * @example Usage
 * ```ts
 * import { assertRejects } from "@std/assert";
 *
 * await assertRejects(() => Promise.reject(new TypeError("cut short")), TypeError, "short");
 * ```
 */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: abstract new (...args: never[]) => E,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<E> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const wanted = readWanted(classOrMsg, msgIncludes, msg);
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    throw new AssertionError(
      `Function throws when expected to reject${wanted.suffix}`,
      {
        cause: error,
      },
    );
  }
  if (typeof promise?.then !== "function") {
    throw new AssertionError(
      `Function does not return a promise${wanted.suffix}`,
    );
  }
  try {
    await promise;
  } catch (error) {
    return judge(error, "reject", wanted);
  }
  throw new AssertionError(`Expected function to reject${wanted.suffix}`);
}

function readWanted<E extends Error>(
  classOrMsg: ErrorClass<E> | string | undefined,
  part: string | undefined,
  msg: string | undefined,
): Wanted<E> {
  const errorClass = typeof classOrMsg === "string" ? undefined : classOrMsg;
  const text = typeof classOrMsg === "string" ? classOrMsg : msg;
  return { errorClass, part, suffix: text ? `: ${text}` : "." };
}

function judge<E extends Error>(
  thrown: unknown,
  verb: string,
  wanted: Wanted<E>,
): unknown {
  const { errorClass, part, suffix } = wanted;
  if (!errorClass) return thrown;
  if (!(thrown instanceof Error)) {
    throw new AssertionError(`A non-Error object was ${past(verb)}${suffix}`, {
      cause: thrown,
    });
  }
  if (!(thrown instanceof errorClass)) {
    throw new AssertionError(
      `Expected function to ${verb} "${errorClass.name}", but it was "${thrown.name}": ${thrown.message}${suffix}`,
      { cause: thrown },
    );
  }
  if (part !== undefined && !thrown.message.includes(part)) {
    throw new AssertionError(
      `Expected error message to include ${show(part)}, but got ${show(thrown.message)}${suffix}`,
      { cause: thrown },
    );
  }
  return thrown;
}

function past(verb: string): string {
  return verb === "throw" ? "thrown" : "rejected";
}
