/** What `load` prints. @module */

import type { LoadReport } from "../../src/public/load.ts";
import { assumptions } from "../assumptions.ts";
import { WIDTH, wrap } from "../inspect/layout.ts";
import { count, formatSpan } from "../inspect/words.ts";
import { formatBytes, printable, type Style } from "../terminal.ts";
import { deviceLines } from "./devices.ts";
import { hanging } from "./hanging.ts";
import { limitLines } from "./limits.ts";
import { recordedLines, verdictLines } from "./verdict.ts";

/**
 * What becomes of a load, as lines; the last paragraph is the verdict.
 *
 * @param report What becomes of it.
 * @param style How it looks.
 */
export function loadText(report: LoadReport, style: Style): string[] {
  const { capture, devices, limits } = report;
  const called = capture.kind === "stdin" ? "standard input" : printable(capture.name);
  const paragraphs = [
    [...wrap(called, WIDTH).map(style.bold), ...conditions(report)],
    ...devices.map((device) => deviceLines(device, style)),
    ...(limits === undefined ? [] : [limitLines(limits, style)]),
    answerLines(report),
    warningLines(report, style),
    recordedLines(report),
    verdictLines(report, style),
  ];
  return paragraphs.filter((lines) => lines.length > 0).flatMap((lines, i) => i === 0 ? lines : ["", ...lines]);
}

/** The destination, and how it is fed. */
function conditions({ expectations, destination, deviceRate, ...report }: LoadReport): string[] {
  const { qemu, multifd, channels, mappedRam, barriers } = destination;
  const version = `QEMU ${printable(qemu)}${expectations.qemu === undefined ? ", the newest that is known" : ""}`;
  const connections = multifd && !mappedRam
    ? `${count(channels, "multifd channel")}, barriers at ${
      barriers === "flush" ? "each MULTIFD_FLUSH" : "the end of each RAM section"
    }`
    : "no multifd channels";
  return [
    ...hanging(assumptions(expectations)),
    ...hanging(`loading as ${version}: ${connections}`),
    ...hanging(feeding(report)),
    ...(deviceRate === null ? [] : [`each device takes ${formatBytes(deviceRate)} a second`]),
  ];
}

function feeding({ order, seed, barriers, switchoverStart, devices }: Pick<LoadReport, Fed>): string {
  const inOrder = `order: ${order}${seed === null ? "" : `, seed ${seed}`}; ${count(barriers, "barrier")} passed`;
  if (switchoverStart === null) {
    return devices.some(({ mode }) => mode === "multifd") ? `${inOrder}; SWITCHOVER_START did not come` : inOrder;
  }
  return `${inOrder}; SWITCHOVER_START came${switchoverStart === 0 ? "" : ` after ${formatSpan(switchoverStart)}`}`;
}

type Fed = "order" | "seed" | "barriers" | "switchoverStart" | "devices";

function answerLines({ answers }: LoadReport): string[] {
  if (answers.length === 0) return [];
  const texts = answers.map(({ message, value }) => value === undefined ? message : `${message} ${value}`);
  return hanging(`return path: ${texts.join(", ")}`);
}

/** The verdict says it. */
const SAID = "source-thinks-success";

/** The first warning of each kind, with how many there are. */
function warningLines({ warnings }: LoadReport, style: Style): string[] {
  const kinds = Map.groupBy(warnings.filter(({ code }) => code !== SAID), ({ code }) => code);
  return [...kinds].flatMap(([code, [first, ...others]]) => {
    const more = others.length === 0 ? "" : `, and ${others.length} more like this`;
    const [line = "", ...rest] = hanging(`warning: ${code}: ${printable(first?.message ?? "")}${more}`);
    return [line.replace("warning:", style.yellow("warning:")), ...rest];
  });
}
