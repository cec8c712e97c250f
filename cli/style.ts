/** Colours and weights, as functions from text to text. */
export interface Style {
  /** Headings. */
  bold(text: string): string;
  /** What can be overlooked. */
  dim(text: string): string;
  /** Faults. */
  red(text: string): string;
  /** What is well. */
  green(text: string): string;
  /** Doubts. */
  yellow(text: string): string;
  /** Names and numbers to look for. */
  cyan(text: string): string;
  /** A kind of contents, as are the next. */
  blue(text: string): string;
  /** As {@linkcode Style.blue}. */
  magenta(text: string): string;
}

/**
 * Makes a style.
 *
 * @param coloured Whether it colours; if not, its functions return their text.
 * @returns The style.
 *
 * @example Usage
 * ```ts
 * import { makeStyle } from "./style.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(makeStyle(true).bold("ram"), "\x1b[1mram\x1b[22m");
 * assertEquals(makeStyle(false).bold("ram"), "ram");
 * ```
 */
export function makeStyle(coloured: boolean): Style {
  const code = (on: number, off: number) => (text: string): string =>
    coloured ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    bold: code(1, 22),
    dim: code(2, 22),
    red: code(31, 39),
    green: code(32, 39),
    yellow: code(33, 39),
    cyan: code(36, 39),
    blue: code(34, 39),
    magenta: code(35, 39),
  };
}

/**
 * Takes colours and weights out of a text.
 *
 * @param text The text.
 * @returns The text as without a terminal.
 *
 * @example Usage
 * ```ts
 * import { makeStyle, unstyled } from "./style.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(unstyled(makeStyle(true).red("cut")), "cut");
 * ```
 */
export function unstyled(text: string): string {
  // deno-lint-ignore no-control-regex -- it is these sequences that are looked for
  return text.replace(/\x1b\[\d+m/g, "");
}
