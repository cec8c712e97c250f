/** What `replay` prints. @module */

import type { Mismatch, ReplayPrelude, ReplayReport, SentReport, TargetSettings } from "../../src/public/replay.ts";
import { count } from "../inspect/words.ts";
import { hanging } from "../load/hanging.ts";
import { formatBytes, formatTable, printable, printableLines, type Style } from "../terminal.ts";

/**
 * What became of a replay, as lines; the last paragraph is the verdict.
 *
 * @param report What became of it.
 * @param style How it looks.
 */
export function replayText(report: ReplayReport, style: Style): string[] {
  const paragraphs = [
    sentLines(report, style),
    printedLines(report, style),
    verdictLines(report, style),
  ];
  const shown = paragraphs.filter((lines) => lines.length > 0);
  // What was sent stands below what is known of the target, and a verdict never does.
  return shown.flatMap((lines, i) => i === 0 && report.sent !== null ? lines : ["", ...lines]);
}

/**
 * What is known before anything is sent: the target, what it is set to, what does not fit.
 *
 * @param name What the capture is called.
 * @param prelude What is known.
 * @param style How it looks.
 * @param isAll Nothing follows: the target is only looked at.
 */
export function preludeText(name: string, prelude: ReplayPrelude, style: Style, isAll: boolean = false): string[] {
  const { settings, mismatches, notes, spawned = [] } = prelude;
  return [
    style.bold(printable(name)),
    ...targetLines(prelude),
    ...(settings === undefined ? [] : settingLines(settings, isAll ? "would set" : "set")),
    ...[...spawned, ...notes].flatMap((note) => hanging(printable(`note: ${note}`))),
    ...mismatches.flatMap((one) => mismatchLines(one, style)),
  ];
}

function targetLines({ target, facts, spawned }: ReplayPrelude): string[] {
  const what = [target];
  if (facts !== undefined) what.push(`QEMU ${facts.qemu}${facts.package ? ` (${facts.package})` : ""}`);
  if (facts?.machine !== undefined) what.push(`machine ${facts.machine}`);
  if (spawned !== undefined) what.push("started for this");
  return hanging(printable(`target: ${what.join(", ")}`));
}

function settingLines({ settings, leftOut }: TargetSettings, verb: string): string[] {
  const bySource = Map.groupBy(settings, ({ from }) => from);
  const parts = [...bySource].map(([from, all]) =>
    `${all.map(({ name, value }) => `${name} ${valueText(value)}`).join(", ")} (${from})`
  );
  return [
    ...(parts.length === 0 ? [] : hanging(printable(`${verb}: ${parts.join("; ")}`))),
    ...leftOut.flatMap(({ name, value, why }) => hanging(printable(`left out: ${name} ${valueText(value)}: ${why}`))),
  ];
}

function mismatchLines({ severity, message, qemu, hint }: Mismatch, style: Style): string[] {
  const said = qemu === undefined ? "" : ` (QEMU: ${qemu})`;
  const [first = "", ...rest] = hanging(printable(`${severity}: ${message}${said}`));
  const colour = severity === "error" ? style.red : style.yellow;
  const advice = hint === "" ? [] : hanging(printable(`hint: ${hint}`));
  return [first.replace(severity, colour(severity)), ...rest, ...advice];
}

function valueText(value: unknown): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  return typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
}

function sentLines({ sent, verdict }: ReplayReport, style: Style): string[] {
  if (sent === null) return [];
  const { all, bytes, planned, milliseconds, connections, error } = sent;
  const advice = error === null || error.hint === "" ? [] : hanging(printable(`hint: ${error.hint}`));
  if (connections.every(({ opened }) => !opened)) return [`sent: nothing of ${planned} bytes`, ...advice];
  // The verdict may have said it already.
  const said = error === null || verdict.reason.includes(error.message);
  const rate = milliseconds >= 1 ? `, ${formatBytes(Math.round(bytes * 1000 / milliseconds))}/s` : "";
  const amount = all ? `${formatBytes(bytes)} (${bytes} bytes)` : `${bytes} of ${planned} bytes`;
  const over = count(connections.filter(({ opened }) => opened).length, "connection");
  return [
    ...hanging(`sent: ${amount} over ${over} in ${Math.round(milliseconds)} ms${rate}`),
    ...(all ? [] : connectionLines(sent)),
    ...answerLines(sent),
    ...(said ? [] : hanging(printable(`ended early: ${error.message}`)).map((line) => style.yellow(line))),
    ...advice,
  ];
}

/** What had been sent on each channel when it ended. */
function connectionLines({ connections }: SentReport): string[] {
  const rows = connections.map(({ label, opened, sent, planned, waiting, closed }) => [
    printable(label),
    opened ? String(sent) : "-",
    String(planned),
    printable(closed ?? (waiting === undefined ? "all sent" : `waiting for ${waiting}`)),
  ]);
  return formatTable([
    { title: "channel" },
    { title: "sent", align: "right" },
    { title: "of", align: "right" },
    { title: "state" },
  ], rows).map((line) => `  ${line}`);
}

function answerLines({ answers, pings }: SentReport): string[] {
  const { pongs, switchoverAcks, pageRequests, shut, problem } = answers;
  const parts = [
    ...(pings > 0 ? [`${pongs} of ${count(pings, "PONG")}`] : []),
    ...(switchoverAcks > 0 ? ["SWITCHOVER_ACK"] : []),
    ...(pageRequests > 0 ? [count(pageRequests, "request for pages", "requests for pages")] : []),
    ...(shut === undefined ? [] : [`SHUT ${shut}`]),
    ...(problem === undefined || problem.code === "destination-failed" ? [] : [problem.message]),
  ];
  return parts.length === 0 ? [] : hanging(printable(`answered: ${parts.join(", ")}`));
}

/** Lines of the target that are shown; `--json` has more. */
const PRINTED = 12;

function printedLines({ stderr, verdict }: ReplayReport, style: Style): string[] {
  // Warnings of one that has completed are no matter of the migration.
  if (stderr === null || stderr.trim() === "" || verdict.kind === "completed") return [];
  const lines = printableLines(stderr.trimEnd()).split("\n");
  const left = lines.length - PRINTED;
  return [
    "the target printed:",
    ...(left > 0 ? [style.dim(`  (${count(left, "line")} before)`)] : []),
    ...lines.slice(-PRINTED).map((line) => style.dim(`  ${line}`)),
  ];
}

function verdictLines({ ok, verdict }: ReplayReport, style: Style): string[] {
  const { by, reason } = verdict;
  const kind = verdict.kind.replaceAll("-", " ");
  const [first = "", ...rest] = hanging(printable(`${kind} · ${reason} (${by})`));
  return [first.replace(kind, ok ? style.green(kind) : style.red(kind)), ...rest];
}
