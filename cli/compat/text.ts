/** What `compat` prints. @module */

import type {
  CompatDumpsReport,
  CompatProblem,
  CompatReport,
  CompatSection,
  CompatTarget,
  DumpProblem,
} from "../../src/public/compat.ts";
import { formatHex, printable, type Style } from "../terminal.ts";

/** Sections that are named in one line. */
const NAMED = 8;

/**
 * The text about a capture: verdict, the other QEMU, problems one a line, what to do, and how much was compared.
 *
 * @param report What was found.
 * @param style How it looks.
 */
export function compatText(report: CompatReport, style: Style): string[] {
  return [
    `${style.bold(printable(report.capture.name))}: ${verdict(report, "would load", "would not load", style)}`,
    style.dim(sourceLine(report)),
    style.dim(targetLine(report.target)),
    ...report.problems.map((problem) => problemLine(problem, style)),
    ...hintLines(report.problems),
    ...comparedLines(report),
  ];
}

/**
 * The text about two dumps.
 *
 * @param report What was found.
 * @param style How it looks.
 */
export function dumpsText(report: CompatDumpsReport, style: Style): string[] {
  const { source: { machine, types }, target } = report;
  return [
    verdict(report, "nothing keeps a state of the one from being loaded by the other", "not all would load", style),
    style.dim(`source: machine ${printable(machine ?? "unknown")}, ${count(types, "device type")}`),
    style.dim(targetLine(target)),
    ...report.problems.map((problem) => dumpProblemLine(problem, style)),
    ...(report.problems.length === 0
      ? []
      : ["a problem matters to guests that have such a device and this state: give a capture to know"]),
  ];
}

function verdict(
  { ok, found: { errors, warnings } }: Pick<CompatReport, "ok" | "found">,
  good: string,
  bad: string,
  style: Style,
): string {
  return [
    ok ? style.green(good) : style.red(bad),
    ...(errors === 0 ? [] : [style.red(count(errors, "error"))]),
    ...(warnings === 0 ? [] : [style.yellow(count(warnings, "warning"))]),
  ].join(", ");
}

function sourceLine({ source: { machine, version } }: CompatReport): string {
  const qemu = version === null ? "QEMU of unknown version" : `QEMU ${printable(version)}`;
  return `source: ${qemu}, machine ${printable(machine ?? "unknown")}`;
}

function targetLine({ machine, version, versionFrom, types }: CompatTarget): string {
  const said = versionFrom === "machine"
    ? " or later (by its machine type)"
    : versionFrom === "user"
    ? " (--qemu-version)"
    : "";
  const qemu = version === null ? "QEMU of unknown version" : `QEMU ${printable(version)}${said}`;
  return `there: ${qemu}, machine ${printable(machine ?? "unknown")}, ${count(types, "device type")}`;
}

function problemLine(problem: CompatProblem, style: Style): string {
  const { severity, channel, offset, code, section, instanceId, message, qemu } = problem;
  const where = section === undefined ? "" : ` "${printable(section)}"${instanceId ? ` instance ${instanceId}` : ""}:`;
  const said = qemu === undefined ? "" : style.dim(` (QEMU: ${printable(qemu)})`);
  const place = `${printable(channel)} ${formatHex(offset)}`;
  return `${label(severity, style)} ${place} ${code}:${where} ${printable(message)}${said}`;
}

function dumpProblemLine({ severity, code, type, vmsd, field, message }: DumpProblem, style: Style): string {
  const where = [type, vmsd === type ? undefined : vmsd, field].filter((part) => part !== undefined && part !== "");
  const place = where.length === 0 ? "" : ` ${printable(where.join(" "))}:`;
  return `${label(severity, style)} ${code}:${place} ${printable(message)}`;
}

function label(severity: CompatProblem["severity"], style: Style): string {
  return severity === "error" ? style.red("error") : style.yellow("warning");
}

/** What to do, each advice once. */
function hintLines(problems: readonly CompatProblem[]): string[] {
  const hints = new Set(problems.map(({ hint }) => hint).filter((hint) => hint !== undefined));
  return [...hints].map((hint) => `hint: ${printable(hint)}`);
}

function comparedLines({ sections, described, complete }: CompatReport): string[] {
  const byFields = sections.filter(({ fields }) => fields !== null);
  const fields = byFields.reduce((sum, section) => sum + (section.fields ?? 0), 0);
  const byVersion = sections.filter((section) => section.fields === null && section.type !== null);
  const parts = [
    count(sections.length, "section"),
    `${byFields.length} by ${count(fields, "field")}`,
    ...(byVersion.length === 0 ? [] : [`${byVersion.length} by version alone (${names(byVersion)})`]),
  ];
  const left = sections.filter(({ type, verdict }) => type === null && verdict === "unknown");
  return [
    `compared: ${parts.join(", ")}`,
    ...(left.length === 0 ? [] : [`not in a dump, so not compared: ${names(left)}`]),
    ...(described
      ? []
      : [`the stream does not describe its fields${complete ? "" : ", as it does not reach its end"}`]),
    "taken for granted: the same devices, RAM and firmware; migwire replay finds out",
  ];
}

function names(sections: readonly CompatSection[]): string {
  const all = [...new Set(sections.map(({ idstr }) => printable(idstr)))];
  const more = all.length - NAMED;
  return more > 0 ? `${all.slice(0, NAMED).join(", ")} and ${more} more` : all.join(", ");
}

function count(number: number, one: string): string {
  return `${number} ${one}${number === 1 ? "" : "s"}`;
}
