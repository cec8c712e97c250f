/**
 * A stand-in for the part of `@std/streams` that migwire uses: same names, same signatures, own code.
 * `differential_test.ts` holds it to the real package.
 *
 * @module
 */
export * from "./text_line_stream.ts";
export * from "./to_bytes.ts";
export * from "./to_text.ts";
