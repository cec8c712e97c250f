import type { InspectReport, MainSummary, QemuHint, SwitchoverSummary } from "../../src/public/inspect.ts";
import { formatBytes, formatHex, printable } from "../terminal.ts";
import { labelled } from "./layout.ts";
import { count, formatSpan } from "./words.ts";

/** Commands that are named. */
const COMMANDS_SHOWN = 12;

/** Lines of a QEMU's error that are shown. */
const ERROR_LINES = 3;

/**
 * The main facts: machine, versions, capabilities, switchover, outcome.
 *
 * @param report What was found.
 */
export function overview(report: InspectReport): string[] {
  const { main, switchover, capture } = report;
  const facts = [
    ...(main === null ? [] : machineFacts(main)),
    ...versionFacts(report.qemu),
    ...(main === null ? [] : streamFacts(main)),
    ...(main === null ? [] : endFacts(main, report.channels)),
    ...(switchover === null ? [] : [fact("switchover", switchoverText(switchover))]),
    ...outcomeFacts(capture.outcome),
  ];
  return labelled(facts, 2);
}

type Fact = readonly [label: string, text: string];

function fact(label: string, text: string): Fact {
  return [label, text];
}

function machineFacts({ machine, uuid }: MainSummary): Fact[] {
  return [
    fact("machine", machine === null ? "not told" : printable(machine)),
    ...(uuid === null ? [] : [fact("UUID", uuid)]),
  ];
}

function streamFacts({ pageSize, pageSizeFrom, capabilities, postcopy, commands }: MainSummary): Fact[] {
  return [
    fact("page size", pageSize === null ? "not told" : `${formatBytes(pageSize)}, ${ORIGINS[pageSizeFrom ?? "probe"]}`),
    fact("capabilities", capabilities.length === 0 ? "none seen" : capabilities.map(printable).join(", ")),
    ...(postcopy === "none" ? [] : [fact("postcopy", postcopy)]),
    ...(commands.length === 0 ? [] : [fact("commands", commandText(commands))]),
  ];
}

/** Where the last of the main and recovery channels ends. */
function endFacts({ ending }: MainSummary, channels: InspectReport["channels"]): Fact[] {
  const last = channels.findLast(({ role }) => role === "main" || role === "recovery");
  const place = last === undefined ? "" : ` at ${formatHex(last.bytes)} (${formatBytes(last.bytes)})`;
  const how = ending !== "cut" && last?.ends === "cut" ? "EOF, but what follows it is cut," : ENDINGS[ending];
  return [fact("end", `${how}${place}`)];
}

const ORIGINS: { readonly [origin in NonNullable<MainSummary["pageSizeFrom"]>]: string } = {
  "option": "as given",
  "description": "by the VM description",
  "mapped-ram": "by the mapped-ram header",
  "advise": "by POSTCOPY_ADVISE",
  "target-page-bits": "by the configuration",
  "multifd": "by multifd packets",
  "machine": "by the machine type",
  "probe": "tried out",
};

const ENDINGS: { readonly [ending in MainSummary["ending"]]: string } = {
  "complete": "whole, EOF and VM description,",
  "complete-no-description": "whole, EOF without a VM description,",
  "postcopy-complete": "whole, EOF of a postcopy migration,",
  "colo": "whole, EOF, then COLO messages,",
  "cut": "no EOF, the channel ends",
};

function commandText(commands: MainSummary["commands"]): string {
  const names = commands.slice(0, COMMANDS_SHOWN).map(({ name, count }) => count === 1 ? name : `${name} x ${count}`);
  const more = commands.length - names.length;
  return `${names.join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
}

function versionFacts({ source, destination, hints }: InspectReport["qemu"]): Fact[] {
  const recorded = [
    ...(source === undefined ? [] : [`source ${printable(source)}`]),
    ...(destination === undefined ? [] : [`destination ${printable(destination)}`]),
  ];
  const lines = [...(recorded.length === 0 ? [] : [recorded.join(", ")]), ...hintLines(hints)];
  return lines.length === 0 ? [] : [fact("QEMU", lines.join("\n"))];
}

/** The narrowest bounds, with all that shows them. */
function hintLines(hints: readonly QemuHint[]): string[] {
  const since = hints.map((hint) => hint.since).filter((version) => version !== undefined).sort(compare).at(-1);
  const until = hints.map((hint) => hint.until).filter((version) => version !== undefined).sort(compare).at(0);
  const seen = (chosen: readonly QemuHint[]): string => chosen.map((hint) => printable(hint.seen)).join(", ");
  return [
    ...(since === undefined ? [] : [`${since} or later: ${seen(hints.filter((hint) => hint.since === since))}`]),
    ...(until === undefined ? [] : [`${until} or earlier: ${seen(hints.filter((hint) => hint.until === until))}`]),
  ];
}

function compare(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA - majorB || minorA - minorB;
}

function switchoverText(switchover: SwitchoverSummary): string {
  const { offset, deviceStateBytes, nanoseconds, startTime, eofTime } = switchover;
  const at = `SWITCHOVER_START at ${formatHex(offset)}`;
  const state = deviceStateBytes === 0 ? "" : `, then ${formatBytes(deviceStateBytes)} of VFIO state`;
  const span = nanoseconds === null || nanoseconds < 0 ? "" : `, the last of it ${formatSpan(nanoseconds)} later`;
  const late = nanoseconds !== null && nanoseconds < 0
    ? `, the last of it ${formatSpan(-nanoseconds)} before: main was held back in the source's buffer`
    : "";
  const eof = startTime === null || eofTime === null ? "" : `; EOF after ${formatSpan(eofTime - startTime)}`;
  return `${at}${state}${span}${late}${eof}`;
}

function outcomeFacts(outcome: InspectReport["capture"]["outcome"]): Fact[] {
  if (outcome === undefined) return [];
  const { source, destination, error, sourceError } = outcome;
  const sides = [
    ...(source === undefined ? [] : [`source ${printable(source)}`]),
    ...(destination === undefined ? [] : [`destination ${printable(destination)}`]),
  ];
  return [
    ...(sides.length === 0 ? [] : [fact("outcome", sides.join(", "))]),
    ...(error === undefined ? [] : [fact("error", errorText(error))]),
    ...(sourceError === undefined ? [] : [fact("at the source", errorText(sourceError))]),
  ];
}

function errorText(error: string): string {
  const lines = [...new Set(error.split("\n").filter((line) => line !== ""))];
  const more = lines.length - ERROR_LINES;
  const shown = lines.slice(0, ERROR_LINES).map(printable);
  return [...shown, ...(more > 0 ? [`(and ${count(more, "more line")})`] : [])].join("\n");
}
