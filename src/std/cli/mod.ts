/**
 * A stand-in for the part of `@std/cli` that migwire uses: same names, same signatures, own code.
 * `differential_test.ts` holds it to the real package.
 *
 * @module
 */
export * from "./parse_args.ts";
export * from "./unicode_width.ts";
