/**
 * A stand-in for the part of `@std/assert` that migwire uses: same names, same signatures, own code.
 * `differential_test.ts` holds it to the real package.
 *
 * @module
 */
export * from "./assertion_error.ts";
export * from "./equal.ts";
export * from "./equality.ts";
export * from "./order.ts";
export * from "./text.ts";
export * from "./throwing.ts";
export * from "./truth.ts";
