/** The facts of the headline, as the page and the terminal show them. @module */

import type { Downtime, TimelineReport } from "../../src/public/report.ts";
import { count, formatSpan, instanceName } from "../inspect/words.ts";
import { verdictText } from "../load/verdict.ts";
import { formatBytes, printable } from "../terminal.ts";

/** A fact of the headline. */
export interface HeadlineFact {
  /** What programs call it: the same as in `inspect --json` where that says it. */
  readonly id: string;
  /** What people call it. */
  readonly label: string;
  /** The fact, safe to print. */
  readonly text: string;
  /** The exact value, as `inspect --json` has it. */
  readonly value?: string | number;
}

/** How bad it is. */
export type Tone = "good" | "doubtful" | "bad";

/** What becomes of the migration, in two words and in a sentence. */
export interface HeadlineVerdict {
  /** How bad it is. */
  readonly tone: Tone;
  /** In a word or two. */
  readonly word: string;
  /** Why, or who does it, in a sentence. */
  readonly text: string;
}

/** What becomes of the migration. */
export function headlineVerdict({ load, notLoaded, inspected }: TimelineReport): HeadlineVerdict {
  if (load === null) return { tone: "doubtful", word: "not loaded", text: printable(notLoaded ?? "") };
  const tone = !load.loaded ? "bad" : inspected.complete ? "good" : "doubtful";
  const word = load.loaded ? "loaded" : "not loaded";
  return { tone, word, text: verdictText(load).replace(/^(not )?loaded(: | · )/, "") };
}

/** The facts, in the order in which they are shown. */
export function headlineFacts(report: TimelineReport): HeadlineFact[] {
  const { inspected: { complete, qemu, main, capture: { outcome }, channels }, headline, checked } = report;
  const { errors, warnings } = checked.found;
  const interrupted = complete && channels.some(({ ends }) => ends === "cut");
  const state = complete ? `complete${interrupted ? ", resumed after an interruption" : ""}` : "incomplete";
  return [
    { id: "complete", label: "capture", text: state, value: String(complete) },
    ...optional("qemu.source", "source", qemu.source, (version) => `QEMU ${version}`),
    ...optional("qemu.destination", "destination", qemu.destination, (version) => `QEMU ${version}`),
    ...optional("main.machine", "machine", main?.machine ?? undefined, String),
    ...downtimeFacts(report),
    ...lastFacts(report),
    { id: "bytes", label: "bytes", text: bytesText(report), value: headline.bytes },
    ...deviceFacts(report),
    ...limitFacts(report),
    ...optional("outcome.source", "recorded at the source", outcome?.source, String),
    ...optional("outcome.destination", "recorded at the destination", outcome?.destination, String),
    ...optional("outcome.error", "its error", outcome?.error, firstLine),
    { id: "problems", label: "problems", text: problemText(errors, warnings), value: errors + warnings },
  ];
}

function optional(
  id: string,
  label: string,
  value: string | undefined,
  text: (value: string) => string,
): HeadlineFact[] {
  return value === undefined || value === "" ? [] : [{ id, label, text: printable(text(value)), value }];
}

function firstLine(text: string): string {
  const [first = "", ...more] = text.split("\n").filter((line) => line !== "");
  return more.length === 0 ? first : `${first} (and ${count(more.length, "more line")})`;
}

/** How many problems there are. */
export function problemText(errors: number, warnings: number): string {
  if (errors + warnings === 0) return "none";
  const parts = [
    ...(errors === 0 ? [] : [count(errors, "error")]),
    ...(warnings === 0 ? [] : [count(warnings, "warning")]),
  ];
  return parts.join(", ");
}

function downtimeFacts({ headline: { downtime }, timed }: TimelineReport): HeadlineFact[] {
  if (downtime === null) return [];
  const { nanoseconds } = downtime;
  const value = nanoseconds === null ? {} : { value: nanoseconds };
  return [{ id: "switchover.nanoseconds", label: "downtime", text: downtimeText(downtime, timed), ...value }];
}

const STARTS: { readonly [from in Downtime["from"]]: string } = {
  "switchover-start": "SWITCHOVER_START",
  "last-iterable": "the last iterable section",
};

function downtimeText({ from, nanoseconds }: Downtime, timed: boolean): string {
  const start = STARTS[from];
  if (nanoseconds === null) {
    return timed ? `from ${start} on, and no state of a device came` : `begins with ${start}; no times were recorded`;
  }
  if (nanoseconds < 0) {
    return `the last device byte came ${formatSpan(-nanoseconds)} before ${start}, which the source held back`;
  }
  if (nanoseconds === 0) return `${start} and the last device byte came in one piece`;
  return `${formatSpan(nanoseconds)} from ${start} to the last device byte`;
}

function lastFacts({ headline: { last } }: TimelineReport): HeadlineFact[] {
  if (last === null) return [];
  const label = last.isVfio ? "last VFIO device" : "last device";
  return [
    { id: "last.device", label, text: instanceName(last), value: last.idstr },
    { id: "last.channel", label: "last channel", text: printable(last.channel), value: last.channel },
  ];
}

function bytesText({ headline: { bytes }, inspected: { channels } }: TimelineReport): string {
  return `${formatBytes(bytes)} on ${count(channels.length, "channel")}`;
}

function deviceFacts({ headline: { deviceBytes, buffers }, inspected: { devices } }: TimelineReport): HeadlineFact[] {
  if (devices.length === 0) return [];
  const of = devices.length === 1 ? "" : ` of ${count(devices.length, "device")}`;
  return [
    { id: "deviceBytes", label: "VFIO state", text: `${formatBytes(deviceBytes)}${of}`, value: deviceBytes },
    { id: "buffers", label: "buffers", text: String(buffers), value: buffers },
  ];
}

/** Peaks that are told; the lanes of the devices have them all. */
const PEAKS_SHOWN = 3;

function limitFacts({ headline: { limits }, load, inspected: { devices } }: TimelineReport): HeadlineFact[] {
  if (devices.length === 0 && limits === "none") return [];
  if (load === null) return [{ id: "limits", label: "limits", text: "not known", value: limits }];
  const peaks = load.devices.flatMap(({ queue, maxQueued }) => {
    if (queue === null || (maxQueued.bytes === null && maxQueued.buffers === null)) return [];
    return [
      ...(maxQueued.bytes === null ? [] : [`${formatBytes(queue.peakBytes)} of ${formatBytes(maxQueued.bytes)}`]),
      ...(maxQueued.buffers === null ? [] : [`${queue.peakBuffers} of ${count(maxQueued.buffers, "buffer")}`]),
    ];
  });
  const shown = peaks.slice(0, PEAKS_SHOWN).join(", ");
  const peakBytes = Math.max(0, ...load.devices.map(({ queue }) => queue?.peakBytes ?? 0));
  const texts = {
    none: peakBytes === 0 ? "none set" : `none set; at most ${formatBytes(peakBytes)} were queued`,
    held: `held: ${shown}`,
    broken: `broken: ${shown}`,
    unknown: "not known",
  };
  return [{ id: "limits", label: "limits", text: texts[limits], value: limits }];
}
