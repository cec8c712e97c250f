/**
 * Everything that moves the cursor, starts an escape sequence, reorders or hides text, or is no character at all:
 * control characters (C0, DEL, C1), format characters (bidirectional controls, zero-width, tags), line and paragraph
 * separators, lone surrogates, private use and unassigned code points.
 */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * Makes text from a capture safe to print: it may have been written to attack whoever reads it in a terminal.
 *
 * Backslashes stay, so a text that went through twice is not changed twice.
 *
 * @param text The text.
 * @returns The text with `\x1b` or `\u{202e}` in place of each unsafe character.
 *
 * @example Usage
 * ```ts
 * import { printable } from "./printable.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(printable("pc.ram\x1b[2J"), "pc.ram\\x1b[2J");
 * assertEquals(printable("a\u202eb"), "a\\u{202e}b");
 * ```
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/**
 * As {@linkcode printable}, for text of several lines: line feeds stay.
 *
 * @param text The text.
 * @returns The text, safe to print.
 *
 * @example Usage
 * ```ts
 * import { printableLines } from "./printable.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(printableLines("one\ntwo\x07"), "one\ntwo\\x07");
 * ```
 */
export function printableLines(text: string): string {
  return text.split("\n").map(printable).join("\n");
}
