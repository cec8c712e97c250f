import { inspect } from "node:util";

/** Lines shown before and after the part that differs. */
const CONTEXT = 3;

/** Lines of each side shown at most: a failed comparison of two captures must stay readable. */
const MOST_LINES = 100;

/** A value on several lines, as failure messages show it. */
export function show(
  value: unknown,
  compact: boolean | number = false,
): string {
  return inspect(value, {
    depth: 20,
    maxArrayLength: 4096,
    maxStringLength: 20_000,
    sorted: true,
    compact,
  });
}

/**
 * What differs between two values, as lines that begin with `-` (actual) and `+` (expected).
 *
 * Only the common beginning and end are cut away: what stands between is shown whole from either side, so an insertion
 * at the start and one at the end make everything between them look changed.
 */
export function difference(actual: unknown, expected: unknown): string {
  const from = show(actual).split("\n");
  const to = show(expected).split("\n");
  const shorter = Math.min(from.length, to.length);
  let head = 0;
  while (head < shorter && from[head] === to[head]) head++;
  let tail = 0;
  while (tail < shorter - head && from.at(-1 - tail) === to.at(-1 - tail)) {
    tail++;
  }

  const lines = [
    ...from.slice(Math.max(0, head - CONTEXT), head).map((line) => `    ${line}`),
    ...marked("-", from.slice(head, from.length - tail)),
    ...marked("+", to.slice(head, to.length - tail)),
    ...from.slice(from.length - tail).slice(0, CONTEXT).map((line) => `    ${line}`),
  ];
  return `    [Diff] - Actual / + Expected\n\n${whereBytesDiffer(actual, expected)}${lines.join("\n")}`;
}

function marked(mark: string, lines: string[]): string[] {
  const shown = lines.slice(0, MOST_LINES).map((line) => `${mark}   ${line}`);
  const left = lines.length - shown.length;
  return left > 0 ? [...shown, `${mark}   … ${left} more lines`] : shown;
}

/** Byte arrays are the usual subject here, and their first difference is what one looks for. */
function whereBytesDiffer(actual: unknown, expected: unknown): string {
  if (!(actual instanceof Uint8Array) || !(expected instanceof Uint8Array)) {
    return "";
  }
  const at = actual.findIndex((byte, index) => byte !== expected[index]);
  const index = at < 0 ? actual.length : at;
  return `    first difference at 0x${index.toString(16)}; lengths ${actual.length} and ${expected.length}\n\n`;
}
