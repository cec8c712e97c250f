/** As in `printable`: what moves the cursor, starts an escape sequence, reorders or hides text. */
const UNSAFE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/**
 * JSON that is safe to print: the same value as `JSON.stringify` gives, but control and format characters in strings,
 * which may be from a capture, are written as `\u009b`.
 *
 * @param value What to write.
 * @param indent Spaces for each level; 0 puts all on one line.
 * @returns The text, without a line feed at its end.
 *
 * @example Usage
 * ```ts
 * import { jsonText } from "./json_text.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(jsonText({ idstr: "a\u202eb" }), '{"idstr":"a\\u202eb"}');
 * ```
 */
export function jsonText(value: unknown, indent: number = 0): string {
  return JSON.stringify(value, null, indent).replace(UNSAFE, (character) => {
    // Outside of strings there is no such character but the line feeds of the indentation.
    if (character === "\n") return character;
    return Array.from({ length: character.length }, (_, i) => escape(character.charCodeAt(i))).join("");
  });
}

function escape(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}
