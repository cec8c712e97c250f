import { AssertionError } from "@std/assert";

/** One call of a {@linkcode Spy}. */
export interface SpyCall<A extends unknown[] = unknown[], R = unknown> {
  /** What it was called with. */
  args: A;
  /** What it returned, unless it threw. */
  returned?: R;
  /** What it threw. */
  error?: Error;
}

/** A function that remembers its calls. */
export interface Spy<A extends unknown[] = unknown[], R = unknown> {
  (...args: A): R;
  /** All calls, oldest first. */
  calls: SpyCall<A, R>[];
}

/**
 * Makes a function that does nothing but remember its calls.
 *
 * @returns The spy.
 *
 * @example Usage
 * ```ts
 * import { assertSpyCalls, spy } from "@std/testing/mock";
 *
 * const sink = spy();
 * [1, 2].forEach(sink);
 * assertSpyCalls(sink, 2);
 * ```
 */
// deno-lint-ignore no-explicit-any -- as in the real package: it must fit wherever a function is wanted
export function spy(): Spy<any[], undefined>;
/**
 * Wraps a function so that its calls are remembered.
 *
 * @typeParam A Its arguments.
 * @typeParam R Its result.
 * @param func The function.
 * @returns The spy.
 *
 * @example Usage
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { spy } from "@std/testing/mock";
 *
 * const double = spy((n: number) => 2 * n);
 * double(4);
 * assertEquals(double.calls, [{ args: [4], returned: 8 }]);
 * ```
 */
export function spy<A extends unknown[], R>(func: (...args: A) => R): Spy<A, R>;
export function spy<A extends unknown[], R>(
  func?: (...args: A) => R,
): Spy<A, R | undefined> {
  const calls: SpyCall<A, R | undefined>[] = [];
  const watched = (...args: A): R | undefined => {
    const call: SpyCall<A, R | undefined> = { args };
    calls.push(call);
    try {
      call.returned = func?.(...args);
      return call.returned;
    } catch (error) {
      call.error = error as Error;
      throw error;
    }
  };
  return Object.assign(watched, { calls });
}

/**
 * Asserts how often a spy was called.
 *
 * @param spy The spy.
 * @param expectedCalls The number wanted.
 *
 * @example Usage
 * ```ts
 * import { assertSpyCalls, spy } from "@std/testing/mock";
 *
 * assertSpyCalls(spy(), 0);
 * ```
 */
export function assertSpyCalls<A extends unknown[], R>(
  spy: Spy<A, R>,
  expectedCalls: number,
): void {
  const { length } = spy.calls;
  if (length === expectedCalls) return;
  throw new AssertionError(
    `${length > expectedCalls ? "spy called more than expected" : "spy not called as much as expected"}\n` +
      `    actual: ${length}, expected: ${expectedCalls}`,
  );
}
