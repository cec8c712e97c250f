/** The lines of differences that have a heading in common. @module */

import { unicodeWidth } from "@std/cli/unicode-width";
import { type Difference, type Path, pathText } from "../../src/public/diff.ts";
import { clip, WIDTH, wrap } from "../inspect/layout.ts";
import { printable, type Style } from "../terminal.ts";
import { type Run, runsOf } from "./runs.ts";
import { changeText, valueText } from "./value.ts";

/** Rows under a heading that are shown. */
export const ROWS = 20;

/** Columns of a name: names are at least aligned so far. */
const NAME_WIDTH = 32;

/** Longest name that is shown whole. */
const LONGEST_NAME = 60;

/** Values of a run that are shown. */
const RUN_VALUES = 4;

/** A row: its name, what differs, and what is said below. */
interface Row {
  readonly name: string;
  readonly text: string;
  readonly below: readonly string[];
}

/**
 * The rows of differences under a heading.
 *
 * @param differences What differs.
 * @param steps Steps of their paths that the heading has.
 * @param indent Spaces in front of each line.
 * @param style How it looks.
 */
export function differenceLines(
  differences: readonly Difference[],
  steps: number,
  indent: number,
  style: Style,
): string[] {
  const runs = runsOf(differences);
  const rows = runs.slice(0, ROWS).map((run) => rowOf(run, steps));
  const width = Math.min(NAME_WIDTH, Math.max(...rows.map(({ name }) => unicodeWidth(name))));
  const left = " ".repeat(indent);
  const lines = rows.flatMap(({ name, text, below }) => [
    ...hanging(left, name, width, text),
    ...below.flatMap((line) => wrap(line, WIDTH - indent - 2).map((part) => style.dim(`${left}  ${part}`))),
  ]);
  const more = runs.slice(ROWS).reduce((sum, run) => sum + run.length, 0);
  return more === 0 ? lines : [...lines, `${left}... and ${more} more; --json has all`];
}

/** A name, and a text beside it that goes on below. */
function hanging(left: string, name: string, width: number, text: string): string[] {
  const padded = `${left}${name}${" ".repeat(Math.max(0, width - unicodeWidth(name)))}  `;
  const room = WIDTH - unicodeWidth(padded);
  // A text that would have next to no room stands below.
  if (room < WIDTH / 2 && unicodeWidth(text) > room) {
    return [`${left}${name}`, ...wrap(text, WIDTH - left.length - 4).map((line) => `${left}    ${line}`)];
  }
  const blank = " ".repeat(unicodeWidth(padded));
  return wrap(text, room).map((line, i) => `${i === 0 ? padded : blank}${line}`);
}

function rowOf(run: Run, steps: number): Row {
  const [first] = run;
  const last = run.at(-1) ?? first;
  const path = first.path.slice(steps);
  if (run.length === 1) return { name: nameOf(path), text: changeText(first), below: meaningLines(first) };
  const name = `${nameOf(path.slice(0, -1))}[${path.at(-1)}..${last.path.at(-1)}]`;
  return { name, text: runText(run), below: [] };
}

function nameOf(path: Path): string {
  return clip(printable(pathText(path)), LONGEST_NAME);
}

function runText(run: Run): string {
  const [first] = run;
  const isSame = run.every(({ a, b }) => a === first.a && b === first.b);
  if (isSame && typeof (first.a ?? first.b) !== "object") return `${changeText(first)}, each of ${run.length}`;
  if (first.ranges !== undefined) return `${run.length} differ; the first: ${changeText(first)}`;
  const values = (side: "a" | "b"): string => {
    const shown = run.slice(0, RUN_VALUES).map((difference) => valueText(difference[side])).join(", ");
    return run.length > RUN_VALUES ? `${shown}, …` : shown;
  };
  if (first.kind === "removed") return `only in A: ${values("a")}`;
  if (first.kind === "added") return `only in B: ${values("b")}`;
  return `${values("a")} -> ${values("b")}`;
}

function meaningLines({ kind, meaning }: Difference): string[] {
  const { a, b } = meaning ?? {};
  if (kind !== "changed") return [a ?? b ?? ""].filter((line) => line !== "").map(printable);
  // Words that say the same tell nothing.
  if (a === b) return [];
  return [`A: ${printable(a ?? "-")}`, `B: ${printable(b ?? "-")}`];
}
