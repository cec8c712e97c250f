/** What `check` prints. @module */

import type { CheckProblem, CheckReport } from "../../src/public/check.ts";
import { formatHex, printable, type Style } from "../terminal.ts";
import { assumptions } from "../assumptions.ts";

/** Problems of one code on one channel that are printed; `--json` has them all. */
const SHOWN = 10;

/**
 * The text: verdict, what was assumed, the problems one a line, what to do, and how much was checked.
 *
 * @param report What is wrong.
 * @param style How it looks.
 */
export function checkText(report: CheckReport, style: Style): string[] {
  return [
    `${style.bold(printable(report.capture.name))}: ${verdict(report, style)}`,
    style.dim(assumptions(report.expectations)),
    ...outcomeLines(report, style),
    ...problemLines(report.problems, style),
    ...hintLines(report.problems),
    ...coverageLines(report),
  ];
}

function verdict({ ok, complete, found: { errors, warnings } }: CheckReport, style: Style): string {
  const parts = [
    ...(errors === 0 ? [] : [style.red(count(errors, "error"))]),
    ...(warnings === 0 ? [] : [style.yellow(count(warnings, "warning"))]),
    ...(complete ? [] : [ok ? "judged by itself, without the rest of the migration" : style.red("incomplete")]),
  ];
  return [ok ? style.green("ok") : style.red("not ok"), ...parts].join(", ");
}

function outcomeLines({ capture: { outcome } }: CheckReport, style: Style): string[] {
  if (outcome === undefined) return [];
  const { source = "unknown", destination = "unknown", error } = outcome;
  const said = error === undefined ? "" : `; it said: ${error.trim().split("\n").join(" | ")}`;
  return [style.dim(`recorded outcome: source ${printable(source)}, destination ${printable(destination + said)}`)];
}

function problemLines(problems: readonly CheckProblem[], style: Style): string[] {
  const lines: string[] = [];
  /** How many of each kind there were. */
  const seen = new Map<string, { readonly problem: CheckProblem; number: number }>();
  for (const problem of problems) {
    const key = JSON.stringify([problem.severity, problem.channel, problem.code]);
    const kind = seen.get(key) ?? { problem, number: 0 };
    seen.set(key, kind);
    if (++kind.number <= SHOWN) lines.push(problemLine(problem, style));
  }
  for (const { problem: { severity, channel, code }, number } of seen.values()) {
    if (number <= SHOWN) continue;
    lines.push(`${label(severity, style)} ${printable(channel)}: ${number - SHOWN} more ${code}; --json lists them`);
  }
  return lines;
}

function problemLine(problem: CheckProblem, style: Style): string {
  const { severity, channel, offset, code, message, qemu } = problem;
  const said = qemu === undefined ? "" : style.dim(` (QEMU: ${printable(qemu)})`);
  return `${label(severity, style)} ${printable(channel)} ${formatHex(offset)} ${code}: ${printable(message)}${said}`;
}

function label(severity: CheckProblem["severity"], style: Style): string {
  return severity === "error" ? style.red("error") : style.yellow("warning");
}

/** What to do, each advice once. */
function hintLines(problems: readonly CheckProblem[]): string[] {
  const hints = new Set(problems.map(({ hint }) => hint).filter((hint) => hint !== undefined));
  return [...hints].map((hint) => `hint: ${printable(hint)}`);
}

function coverageLines({ channels }: CheckReport): string[] {
  const sum = (key: "bytes" | "understood" | "undescribed"): number =>
    channels.reduce((total, channel) => total + channel[key], 0);
  const bytes = sum("bytes");
  const understood = sum("understood");
  const parts = [
    `${count(bytes, "byte")} in ${count(channels.length, "channel")}`,
    understood === bytes ? "all understood" : `${bytes - understood} not understood`,
    rewritten(channels),
  ];
  const undescribed = sum("undescribed");
  if (undescribed > 0) parts.push(`${undescribed} of device state that no description tells the fields of`);
  return [`checked: ${parts.join(", ")}`];
}

function rewritten(channels: CheckReport["channels"]): string {
  if (channels.some((channel) => channel.rewritten === false)) return "NOT the same when written again";
  return channels.some((channel) => channel.rewritten === null)
    ? "not written again, as it came from a pipe"
    : "the same when written again";
}

function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? "" : "s"}`;
}
