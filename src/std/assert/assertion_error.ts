/**
 * What every failed assertion throws.
 *
 * @example Usage
 * ```ts
 * import { assert, AssertionError, assertThrows } from "@std/assert";
 *
 * assertThrows(() => assert(false), AssertionError);
 * ```
 */
export class AssertionError extends Error {
  /** Always `"AssertionError"`. */
  override name = "AssertionError";

  /**
   * Makes the error of a failed assertion.
   *
   * @param message What was expected and what was found.
   * @param options As for `Error`: the `cause`.
   */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
