import type { InspectReport } from "../../src/public/inspect.ts";
import { printable, type Style } from "../terminal.ts";
import { endingLines } from "./ending.ts";
import { WIDTH, wrap } from "./layout.ts";
import { count } from "./words.ts";

/**
 * The first lines: whether the migration is all there, and if not where and in what it ends.
 *
 * @param report What was found.
 * @param style How it looks.
 */
export function headline(report: InspectReport, style: Style): string[] {
  const { capture, complete, channels } = report;
  const interrupted = complete && channels.some(({ ends }) => ends === "cut");
  const state = complete
    ? style.green(interrupted ? "complete, resumed after an interruption" : "complete")
    : style.red("incomplete");
  const about = capture.about === undefined ? [] : wrap(printable(capture.about), WIDTH).map(style.dim);
  const called = capture.kind === "stdin" ? "standard input" : printable(capture.name);
  const name = wrap(called, WIDTH).map(style.bold).join("\n");
  const ending = endingLines(report, style);
  return [
    ...`${name}: ${state}${problemCount(report, style)}`.split("\n"),
    ...about,
    ...(capture.payload === false
      ? [style.dim("recorded without payload: zeros stand for pages and device data")]
      : []),
    ...(ending.length === 0 ? [] : ["", ...ending]),
  ];
}

function problemCount({ problems }: InspectReport, style: Style): string {
  const errors = problems.filter(({ severity }) => severity === "error").length;
  const warnings = problems.length - errors;
  const parts = [
    ...(errors === 0 ? [] : [style.red(count(errors, "error"))]),
    ...(warnings === 0 ? [] : [style.yellow(count(warnings, "warning"))]),
  ];
  return parts.map((part) => `, ${part}`).join("");
}
