/**
 * A stand-in for the part of `@std/bytes` that migwire uses: same names, same signatures, own code.
 * `differential_test.ts` holds it to the real package.
 *
 * @module
 */
export * from "./concat.ts";
export * from "./copy.ts";
export * from "./ends_with.ts";
export * from "./equals.ts";
export * from "./index_of_needle.ts";
export * from "./starts_with.ts";
