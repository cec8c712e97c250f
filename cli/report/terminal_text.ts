/** The timeline in a terminal. @module */

import type {
  ChannelLane,
  DeviceLane,
  MigrationPhase,
  TimelineAxis,
  TimelineReport,
  TimelineView,
} from "../../src/public/report.ts";
import { unicodeWidth } from "@std/cli/unicode-width";
import { clip, wrap } from "../inspect/layout.ts";
import { count, formatSpan } from "../inspect/words.ts";
import { formatBytes, type Io, printable, type Style } from "../terminal.ts";
import { headlineFacts, headlineVerdict } from "./facts.ts";
import { KIND_LOOKS } from "./kinds.ts";

/** Columns where nobody says how many there are, and bounds of those that are used. */
const USUAL_WIDTH = 100;
const LEAST_WIDTH = 48;
const MOST_WIDTH = 240;

/** Columns of names and of what stands behind a lane. */
const NAME_WIDTH = 18;
const SUM_WIDTH = 12;

/** Lanes that are drawn. */
const CHANNELS_SHOWN = 40;
const DEVICES_SHOWN = 12;

/** How things are drawn. */
interface Pen {
  readonly style: Style;
  /** Characters beyond ASCII may be used. */
  readonly unicode: boolean;
  /** Columns of a line, and of a lane in it. */
  readonly width: number;
  readonly lane: number;
}

/**
 * The timeline as lines, as wide as the window.
 *
 * @param report What they show.
 * @param io Where they go: its width, colours and characters.
 */
export function terminalLines(report: TimelineReport, io: Io): string[] {
  const width = Math.max(LEAST_WIDTH, Math.min(MOST_WIDTH, io.columns() ?? USUAL_WIDTH));
  const unicode = hasUnicode(io);
  const pen: Pen = { style: io.stdout.style, unicode, width, lane: width - NAME_WIDTH - SUM_WIDTH - 2 };
  const lines = [
    ...headLines(report, pen),
    ...report.views.flatMap((view) => ["", ...viewLines(view, report, pen)]),
    "",
    ...legendLines(report, pen),
  ];
  return unicode ? lines : lines.map(toAscii);
}

/**
 * Whether a terminal shows more than ASCII: not a dumb one, and not one whose locale says otherwise. Where nothing is
 * said, or Deno may not ask, it does.
 */
function hasUnicode(io: Io): boolean {
  if (io.env("TERM") === "dumb") return false;
  const locale = [io.env("LC_ALL"), io.env("LC_CTYPE"), io.env("LANG")].find((value) =>
    value !== undefined && value !== ""
  );
  return locale === undefined || /utf-?8/i.test(locale);
}

const ASCII: Readonly<Record<string, string>> = { "·": "-", "µ": "u", "…": "~", "×": "x" };

function toAscii(line: string): string {
  return line.replace(/\P{ASCII}/gu, (character) => ASCII[character] ?? "?");
}

function headLines(report: TimelineReport, { style, width }: Pen): string[] {
  const { capture } = report.inspected;
  const { tone, word, text } = headlineVerdict(report);
  const colour = tone === "good" ? style.green : tone === "bad" ? style.red : style.yellow;
  const name = capture.kind === "stdin" ? "standard input" : printable(capture.name);
  const facts = headlineFacts(report).filter(({ id }) => !id.startsWith("outcome."));
  const labels = Math.max(...facts.map(({ label }) => label.length)) + 2;
  return [
    ...wrap(name, width).map(style.bold),
    ...wrap(`${word}: ${text}`, width).map((line, i) => i === 0 ? colour(word) + line.slice(word.length) : line),
    ...facts.flatMap(({ label, text }) =>
      wrap(text, width - labels).map((line, i) => `${style.dim((i === 0 ? label : "").padEnd(labels))}${line}`)
    ),
  ];
}

function viewLines(view: TimelineView, report: TimelineReport, pen: Pen): string[] {
  const { axis, lanes, devices } = view;
  const drawn = devices.slice(0, DEVICES_SHOWN);
  const more = [
    ...(lanes.length > CHANNELS_SHOWN ? [`… and ${count(lanes.length - CHANNELS_SHOWN, "more channel")}`] : []),
    ...(devices.length > DEVICES_SHOWN ? [`… and ${count(devices.length - DEVICES_SHOWN, "more device")}`] : []),
  ];
  return [
    ...wrap(titleOf(view, report, pen), pen.width).map(pen.style.bold),
    phaseLine(axis, report.phases, pen),
    ...lanes.slice(0, CHANNELS_SHOWN).map((lane) => channelLine(lane, axis, pen)),
    axisLine(axis, pen),
    ...drawn.flatMap((device) => deviceLines(device, pen)),
    ...more,
  ];
}

function titleOf({ name, axis }: TimelineView, { timed }: TimelineReport, { lane }: Pen): string {
  if (!timed) return "No times were recorded: each lane shows the order of the bytes in its own channel";
  const length = axis.width * axis.bins;
  const what = name === "whole" ? "The whole migration" : "The switchover, enlarged";
  return `${what}: ${formatSpan(length)}, a column is ${formatSpan(length / lane)}`;
}

/** A lane: its name, its cells, and a number behind; without one no space is left at the end. */
function laneLine(name: string, cells: string, value = "", colour: (text: string) => string = (text) => text): string {
  const shown = clip(printable(name), NAME_WIDTH);
  const head = `${shown}${" ".repeat(NAME_WIDTH - unicodeWidth(shown))} `;
  return value === "" ? `${head}${colour(cells.trimEnd())}` : `${head}${colour(cells)} ${value}`;
}

/** Bins that a column stands for. */
function binsOf(column: number, columns: number, bins: number): readonly [from: number, to: number] {
  const from = Math.floor(column * bins / columns);
  return [from, Math.max(from + 1, Math.floor((column + 1) * bins / columns))];
}

function columnSums(list: readonly number[], columns: number): number[] {
  return Array.from({ length: columns }, (_, column) => {
    const [from, to] = binsOf(column, columns, list.length);
    let sum = 0;
    for (let bin = from; bin < to; bin++) sum += list[bin] ?? 0;
    return sum;
  });
}

function columnPeaks(list: readonly number[], columns: number): number[] {
  return Array.from({ length: columns }, (_, column) => {
    const [from, to] = binsOf(column, columns, list.length);
    let most = 0;
    for (let bin = from; bin < to; bin++) most = Math.max(most, list[bin] ?? 0);
    return most;
  });
}

/** What most of the bytes in each column are. */
function channelLine({ label, kinds, opened, closed, reset }: ChannelLane, axis: TimelineAxis, pen: Pen): string {
  const { style, unicode, lane: columns } = pen;
  const looks = KIND_LOOKS.flatMap((look) => {
    const list = kinds[look.kind];
    return list === undefined ? [] : [{ ...look, sums: columnSums(list, columns) }];
  });
  const inTime = (column: number): boolean => {
    if (axis.unit !== "time") return false;
    const [from, to] = [0, 1].map((part) => axis.start + axis.width * axis.bins * (column + part) / columns);
    return (opened ?? 0) <= (to ?? 0) && (from ?? 0) <= (closed ?? Infinity);
  };
  let cells = "";
  for (let column = 0; column < columns; column++) {
    const best = looks.reduce<(typeof looks)[number] | undefined>(
      (most, look) => (look.sums[column] ?? 0) > (most?.sums[column] ?? 0) ? look : most,
      undefined,
    );
    if (best === undefined) cells += inTime(column) ? style.dim(unicode ? "·" : ".") : " ";
    else {cells += (best.colour === undefined ? (text: string) => text : style[best.colour])(
        unicode ? best.glyph : best.letter,
      );}
  }
  const total = Object.values(kinds).flat().reduce((sum, bytes) => sum + bytes, 0);
  return laneLine(label, cells, `${formatBytes(total)}${reset ? "!" : ""}`);
}

const PHASE_LETTERS: { readonly [name in MigrationPhase["name"]]: string } = {
  setup: "s",
  iteration: "i",
  switchover: "W",
  postcopy: "p",
  end: "E",
};

function phaseLine(axis: TimelineAxis, phases: readonly MigrationPhase[], { lane: columns, style }: Pen): string {
  const cells = new Array<string>(columns).fill(" ");
  const columnOf = ({ time, offset }: MigrationPhase["from"]): number => {
    const value = axis.unit === "bytes" ? offset : time ?? Infinity;
    return Math.floor((value - axis.start) / (axis.width * axis.bins) * columns);
  };
  for (const { name, from, to } of phases) {
    const [first, last] = [columnOf(from), columnOf(to)];
    if (first > columns || last < 0) continue;
    const end = Math.min(columns - 1, last);
    for (let column = Math.max(0, Math.min(first, columns - 1)); column <= end; column++) {
      cells[column] = PHASE_LETTERS[name];
    }
  }
  return laneLine("phases", cells.join(""), "", style.dim);
}

/** Eighths of a cell; without them digits. */
const BARS = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const DIGITS = [" ", "1", "2", "3", "4", "5", "6", "7", "8"];

function bars(values: readonly number[], most: number, unicode: boolean): string {
  const steps = unicode ? BARS : DIGITS;
  // What is above 0 is seen.
  return values.map((value) => value <= 0 ? " " : steps[Math.max(1, Math.min(8, Math.round(8 * value / most)))]).join(
    "",
  );
}

function deviceLines(device: DeviceLane, { style, unicode, lane: columns }: Pen): string[] {
  const { idstr, mode, arrivedBytes, queuedBytes, queuedBuffers, starving, gated, axis, limit } = device;
  const arrived = columnSums(arrivedBytes, columns);
  if (!arrived.some((value) => value > 0) && !starving.some((value) => value > 0)) return [];
  const total = arrivedBytes.reduce((sum, bytes) => sum + bytes, 0);
  const lines = [
    style.bold(printable(idstr)) + (axis.unit === "steps" ? ", in the steps of the load" : ""),
    laneLine("  arriving", bars(arrived, Math.max(...arrived), unicode), formatBytes(total), style.red),
  ];
  if (mode === "main") return lines;
  const [peak, peakBuffers] = [Math.max(...queuedBytes), Math.max(...queuedBuffers)];
  const top = Math.max(1, peak);
  const starved = columnSums(starving, columns);
  const waited = columnSums(gated, columns);
  const states = starved.map((value, i) => value > 0 ? "x" : (waited[i] ?? 0) > 0 ? "g" : " ").join("");
  const limits = [
    ...(limit.bytes === null ? [] : [formatBytes(limit.bytes)]),
    ...(limit.buffers === null ? [] : [count(limit.buffers, "buffer")]),
  ];
  return [
    ...lines,
    laneLine("  starving", states, "", style.yellow),
    laneLine("  queued bytes", style.blue(bars(columnPeaks(queuedBytes, columns), top, unicode)), formatBytes(peak)),
    laneLine(
      "  queued buffers",
      style.blue(bars(columnPeaks(queuedBuffers, columns), Math.max(1, peakBuffers), unicode)),
      String(peakBuffers),
    ),
    ...(limits.length === 0 ? [] : [laneLine("  limit", limits.join(", "))]),
  ];
}

/** The axis: its beginning, and what fits of the way. */
function axisLine({ unit, start, width, bins }: TimelineAxis, { lane: columns, style }: Pen): string {
  const length = width * bins;
  const text = (value: number): string => unit === "time" ? formatSpan(value) : formatBytes(value);
  const labels = 4;
  let line = "";
  for (let i = 0; i < labels; i++) {
    const column = Math.round(i * columns / labels);
    line = line.slice(0, column).padEnd(column) + `|${text(start + length * i / labels)}`;
  }
  return laneLine(
    unit === "time" ? "time" : unit,
    style.dim(line.slice(0, columns).padEnd(columns)),
    text(start + length),
  );
}

function legendLines({ views }: TimelineReport, { style, unicode, width }: Pen): string[] {
  const seen = new Set(views.flatMap(({ lanes }) => lanes.flatMap(({ kinds }) => Object.keys(kinds))));
  const queued = views.some(({ devices }) => devices.some(({ mode }) => mode === "multifd"));
  const parts = [
    ...KIND_LOOKS.filter(({ kind }) => seen.has(kind)).map(({ glyph, letter, name }) =>
      `${unicode ? glyph : letter} ${name}`
    ),
    `${unicode ? "·" : "."} idle`,
    ...(views.some(({ lanes }) => lanes.some(({ reset }) => reset)) ? ["! broken off"] : []),
    ...(queued ? ["x starving for a buffer", "g config at the gate"] : []),
    "phases: s setup",
    "i RAM iteration",
    "W switchover",
    "p postcopy",
    "E end",
  ];
  return fill(parts, width).map(style.dim);
}

/** Entries beside each other, as many on a line as fit. */
function fill(entries: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const entry of entries) {
    const longer = `${lines.at(-1) ?? ""}   ${entry}`;
    if (lines.length > 0 && unicodeWidth(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(entry);
  }
  return lines;
}
