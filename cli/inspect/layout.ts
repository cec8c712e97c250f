/** How the parts of the text are set: a fixed width, hanging indents, tables whose last column wraps. @module */

import { unicodeWidth } from "@std/cli/unicode-width";
import { type Column, formatTable, unstyled } from "../terminal.ts";

/** Columns that the text fits. */
export const WIDTH = 100;

/** Entries of a list that are shown: more are a matter for `--json`. */
export const SHOWN = 50;

/** Least width of a column that wraps. */
const NARROWEST = 20;

/**
 * Breaks text into lines at spaces, and inside of words that are longer than a line.
 *
 * @param text Text that is safe to print, without styles.
 * @param width Columns of a line.
 * @returns At least one line.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (unicodeWidth(longer) <= width) {
      line = longer;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (unicodeWidth(line) > width) {
      const head = takeColumns(line, width);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  return [...lines, line];
}

/**
 * Shortens text to a width; `…` stands for what is left out.
 *
 * @param text Text that is safe to print, without styles.
 */
export function clip(text: string, width: number): string {
  return unicodeWidth(text) <= width ? text : `${takeColumns(text, width - 1)}…`;
}

/** As many characters as fit, at least one. */
function takeColumns(text: string, width: number): string {
  let taken = "";
  let columns = 0;
  for (const character of text) {
    columns += unicodeWidth(character);
    if (columns > width && taken !== "") break;
    taken += character;
  }
  return taken;
}

/**
 * A table whose last column wraps within the width of the text.
 *
 * @param columns All columns but the last.
 * @param last Title of the last.
 * @param rows The cells; only those of the last column must be without styles.
 * @param indent Spaces in front of each line.
 */
export function hangingTable(
  columns: readonly Column[],
  last: string | undefined,
  rows: readonly (readonly string[])[],
  indent: number,
): string[] {
  const fixed = formatTable(columns, rows);
  const hasTitles = columns.some(({ title }) => title !== undefined);
  const rest = rows.map((row) => row[columns.length] ?? "");
  const texts = hasTitles ? [last ?? "", ...rest] : rest;
  const taken = Math.max(0, ...fixed.map((line) => unicodeWidth(unstyled(line))));
  const left = " ".repeat(indent);
  return fixed.flatMap((line, i) => {
    const padded = `${left}${line}${" ".repeat(taken - unicodeWidth(unstyled(line)) + 2)}`;
    const blank = " ".repeat(indent + taken + 2);
    const wrapped = wrap(texts[i] ?? "", Math.max(NARROWEST, WIDTH - indent - taken - 2));
    return wrapped.map((part, j) => `${j === 0 ? padded : blank}${part}`.trimEnd());
  });
}

/**
 * Facts, each with a label in front.
 *
 * @param facts Labels and texts; a text of several lines keeps them.
 * @param indent Spaces in front of each line.
 */
export function labelled(facts: readonly (readonly [label: string, text: string])[], indent: number): string[] {
  const rows = facts.flatMap(([label, text]) => text.split("\n").map((line, i) => [i === 0 ? label : "", line]));
  return hangingTable([{}], undefined, rows, indent);
}

/** The first entries of a list, and a line that says how many there are beside. */
export function firstFew<T>(list: readonly T[], show: (shown: readonly T[]) => string[]): string[] {
  const more = list.length - SHOWN;
  const lines = show(list.slice(0, SHOWN));
  return more > 0 ? [...lines, `  ... and ${more} more; --json has all`] : lines;
}
