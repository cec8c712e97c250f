/** The lanes of a view: phases, channels, devices, answers. @module */

import type {
  AnswerTicks,
  ChannelLane,
  DeviceLane,
  Downtime,
  MigrationPhase,
  TimelineAxis,
  TimelineReport,
  TimelineView,
} from "../../src/public/report.ts";
import { clip } from "../inspect/layout.ts";
import { count, formatSpan, qemuName } from "../inspect/words.ts";
import { formatBytes, printable } from "../terminal.ts";
// @ts-types="@types/d3-array"
import { max, sum } from "d3-array";
import { axisText, axisTicks, lengthOf } from "./axis_text.ts";
import { type Html, html, jsonData } from "./html.ts";
import { KIND_LOOKS } from "./kinds.ts";
import { kindPaths, SPACE, stackPaths, stepPath } from "./lane_shapes.ts";

/** Heights of lanes. */
const CHANNEL_HEIGHT = 20;
const STATE_HEIGHT = 12;
const CURVE_HEIGHT = 30;

/** Lanes that are drawn; what is more is in the tables. */
const CHANNELS_SHOWN = 40;
const DEVICES_SHOWN = 12;

/** Columns of a name. */
const NAME_WIDTH = 40;

/** Kinds of messages that are named at one place. */
const TICK_KINDS = 8;

/** Ticks of an axis. */
const TICKS = 7;

/** What a view is called. */
const TITLES: { readonly [name in TimelineView["name"]]: string } = {
  whole: "The whole migration",
  switchover: "The switchover, enlarged",
};

/** A view of the migration: a figure with its lanes, its axis, and the values for the page's script. */
export function viewHtml(view: TimelineView, report: TimelineReport): Html {
  const { axis, lanes, devices, answers, name } = view;
  const shown = lanes.slice(0, CHANNELS_SHOWN);
  const devicesShown = devices.slice(0, DEVICES_SHOWN);
  const own = devicesShown.filter((device) => isDrawn(device) && device.axis.unit === axis.unit);
  const others = devicesShown.filter((device) => isDrawn(device) && device.axis.unit !== axis.unit);
  const title = report.timed ? TITLES[name] : "Each channel, in the order of its bytes";
  return html`<figure class="view" data-view="${name}">
<figcaption><h3>${title}</h3><p class="note">${axisNote(view, report)}</p></figcaption>
${
    plots(axis, [
      phaseLane(axis, report),
      ...shown.map((lane) => channelLane(lane, axis)),
      more(lanes.length - shown.length, "channel"),
      ...own.map((device) => deviceLanes(device)),
      answerLane(answers, axis),
    ])
  }
${viewData(axis, shown, own)}
</figure>
${
    others.length === 0 ? "" : html`<figure class="view" data-view="steps">
<figcaption><h3>VFIO devices, in the order of the load</h3>
<p class="note">No times were recorded. What happens to a device is one step after the other, in the order ${
      report.load?.order ?? ""
    }: the most favourable that the channels allow.</p></figcaption>
${plots(others[0]?.axis ?? axis, others.map((device) => deviceLanes(device)))}
${viewData(others[0]?.axis ?? axis, [], others)}
</figure>`
  }${more(devices.length - devicesShown.length, "device")}`;
}

function more(left: number, what: string): Html | null {
  return left > 0 ? html`<p class="note">… and ${count(left, `more ${what}`)}</p>` : null;
}

function axisNote({ axis, name }: TimelineView, { timed, headline: { downtime } }: TimelineReport): string {
  if (!timed) {
    return "No times were recorded: a lane shows the order of the bytes in its own channel, and says nothing of what came " +
      "before what on another.";
  }
  const span = formatSpan(lengthOf(axis));
  if (name === "whole") return `${span} since the recording began; a column is ${formatSpan(axis.width)}.`;
  const what = downtime?.from === "switchover-start" ? "SWITCHOVER_START" : "the last iterable section";
  return `${span}, from shortly before ${what}; a column is ${formatSpan(axis.width)}.`;
}

function plots(axis: TimelineAxis, lanes: readonly (Html | null)[]): Html {
  return html`
    <div class="plots" tabindex="0" role="group"
      aria-label="Timeline. With the keyboard: left and right move, plus and minus zoom, 0 shows all.">
    ${lanes}
    ${axisLane(axis)}
    </div>
    <p class="readout" aria-live="polite"></p>
  `;
}

function laneHtml(className: string, name: string, plot: Html, value: string, title = name): Html {
  return html`
    <div
      class="lane ${className}"><div class="name" title="${printable(title)}">${clip(
        printable(name),
        NAME_WIDTH,
      )}</div>${plot}<div class="sum">${value}</div></div>
  `;
}

/** A plot whose insides are stretched to its width. */
function plot(height: number, label: string, content: HtmlParts): Html {
  return html`
    <svg class="plot" viewBox="0 0 ${SPACE} ${height}" height="${height}" preserveAspectRatio="none" role="img"
      aria-label="${label}">${content}</svg>
  `;
}

type HtmlParts = readonly (Html | null)[];

/** A plot in which text must not be stretched: places are in percent. */
function marks(height: number, label: string, content: HtmlParts): Html {
  return html`<svg class="marks" height="${height}" role="img" aria-label="${label}">${content}</svg>`;
}

function percent(part: number): string {
  return `${Math.round(part * 1e4) / 100}%`;
}

/** Where a place is on the axis, as a part of it. */
function partOf({ unit, start, ...axis }: TimelineAxis, { time, offset }: MigrationPhase["from"]): number | null {
  const value = unit === "bytes" ? offset : time;
  return value === null ? null : (value - start) / (axis.width * axis.bins);
}

const PHASES: { readonly [name in MigrationPhase["name"]]: string } = {
  setup: "setup",
  iteration: "RAM iteration",
  switchover: "switchover",
  postcopy: "postcopy",
  end: "end",
};

/** Rows of the phases: those of the whole, RAM iterations, the downtime. */
const PHASE_HEIGHT = 18;
const ITERATION_HEIGHT = 14;
const DOWNTIME_HEIGHT = 5;

/** A phase that is narrower than this part of the view has no text. */
const TEXT_FROM = 0.08;
const NUMBER_FROM = 0.03;

function phaseLane(axis: TimelineAxis, { phases, headline: { downtime } }: TimelineReport): Html | null {
  if (phases.length === 0) return null;
  const iterations = phases.filter(({ name }) => name === "iteration").reduce((n, { sections = 1 }) => n + sections, 0);
  const label = `Phases: ${[...new Set(phases.map(({ name }) => PHASES[name]))].join(", ")}`;
  const first = PHASE_HEIGHT + (iterations === 0 ? 2 : ITERATION_HEIGHT + 4);
  const content = [
    ...phases.map((phase) => phaseHtml(axis, phase)),
    downtime === null ? null : downtimeHtml(axis, downtime, first),
  ];
  const plot = marks(first + DOWNTIME_HEIGHT, label, content);
  const span = downtime?.nanoseconds ?? null;
  const words = [
    ...(iterations === 0 ? [] : [count(iterations, "RAM section")]),
    ...(span === null || span < 0 ? [] : [`downtime ${formatSpan(span)}`]),
  ];
  return laneHtml("phases", "phases", plot, words.join(", "));
}

function phaseHtml(axis: TimelineAxis, phase: MigrationPhase): Html | null {
  const { name, number = "" } = phase;
  const [start, end] = [partOf(axis, phase.from), partOf(axis, phase.to)];
  // What is not reached in the recorded time has no end there.
  if (start === null || start > 1 || (end ?? 1) < 0) return null;
  const [from, to] = [Math.max(0, start), Math.min(1, end ?? 1)];
  const title = phaseTitle(phase);
  if (name === "end") {
    return html`
      <g>
        <title>${title}</title>
        <rect class="end" data-at="${from}" x="${percent(from)}" width="2" height="${PHASE_HEIGHT}" />
      </g>
    `;
  }
  const isIteration = name === "iteration";
  const height = isIteration ? ITERATION_HEIGHT : PHASE_HEIGHT;
  const least = isIteration ? NUMBER_FROM : TEXT_FROM;
  return html`
    <svg class="phase p-${name}" data-at="${from}" data-to="${to}" data-text="${least}" x="${percent(from)}"
      y="${isIteration ? PHASE_HEIGHT + 2 : 0}" width="${percent(Math.max(0.002, to - from))}" height="${height}">
      <title>${title}</title>
      <rect width="100%" height="${height}" />
      <text x="4" y="${height - 4}" ${to - from < least
        ? html`
          class="narrow"
        `
        : null}>${isIteration ? number : PHASES[name]}</text>
    </svg>
  `;
}

function downtimeHtml(axis: TimelineAxis, { start, end, nanoseconds }: Downtime, y: number): Html | null {
  if (axis.unit !== "time" || start === null || end === null || nanoseconds === null) return null;
  const part = (time: number): number => Math.max(0, Math.min(1, (time - axis.start) / lengthOf(axis)));
  const [from, to] = [part(Math.min(start, end)), part(Math.max(start, end))];
  return html`
    <g>
      <title>downtime: ${formatSpan(nanoseconds)}</title>
      <rect class="downtime" data-at="${from}" data-to="${to}" x="${percent(from)}" y="${y}" width="${percent(
        Math.max(0.002, to - from),
      )}"
        height="${DOWNTIME_HEIGHT}" />
    </g>
  `;
}

function phaseTitle({ name, number = 1, sections = 1, from, to }: MigrationPhase): string {
  const which = name !== "iteration"
    ? PHASES[name]
    : sections === 1
    ? `RAM iteration ${number}`
    : `RAM iterations ${number} to ${number + sections - 1}`;
  const span = from.time === null || to.time === null
    ? ""
    : name === "end"
    ? `, ${formatSpan(from.time)}`
    : `, ${formatSpan(from.time)} to ${formatSpan(to.time)} (${formatSpan(to.time - from.time)})`;
  return `${which}: byte ${from.offset}${
    to.offset === from.offset ? "" : ` to ${to.offset}`
  } of the main channel${span}`;
}

function channelLane(lane: ChannelLane, axis: TimelineAxis): Html {
  const total = sum(Object.values(lane.kinds).map((bins) => sum(bins)));
  const kinds = KIND_LOOKS.filter(({ kind }) => lane.kinds[kind] !== undefined).map(({ name, kind }) =>
    `${name} ${formatBytes(sum(lane.kinds[kind] ?? []))}`
  );
  const label = `${printable(lane.label)}: ${kinds.join(", ") || "nothing came"}`;
  const [from, to] = openSpan(lane, axis);
  const content = [
    html`
      <rect class="track" x="${Math.round(from * SPACE)}" width="${Math.max(
        1,
        Math.round((to - from) * SPACE),
      )}" height="${CHANNEL_HEIGHT}" />
    `,
    ...kindPaths(lane, axis.bins, CHANNEL_HEIGHT).map(({ kind, path }) =>
      html`
        <path class="k-${kind}" d="${path}" />
      `
    ),
    lane.reset
      ? html`
        <rect class="reset" x="${Math.round(to * SPACE) - 3}" width="4" height="${CHANNEL_HEIGHT}">
          <title>broken off</title>
        </rect>
      `
      : null,
  ];
  const value = `${formatBytes(total)}${lane.reset ? ", broken off" : ""}`;
  return laneHtml("channel", lane.label, plot(CHANNEL_HEIGHT, label, content), value);
}

/** From when to when the connection was there, as parts of the axis. */
function openSpan(
  { opened, closed, kinds }: ChannelLane,
  { unit, start, width, bins }: TimelineAxis,
): [number, number] {
  const part = (time: number): number => Math.max(0, Math.min(1, (time - start) / (width * bins)));
  if (unit === "bytes") {
    const used = max(Object.values(kinds), (values) => values.findLastIndex((value) => value > 0) + 1) ?? 0;
    return [0, used / bins];
  }
  return [opened === null ? 0 : part(opened), closed === null ? 1 : part(closed)];
}

function isDrawn({ arrivedBytes, queuedBuffers, starving }: DeviceLane): boolean {
  return [arrivedBytes, queuedBuffers, starving].some((list) => list.some((value) => value > 0));
}

function deviceLanes(device: DeviceLane): Html {
  const { idstr, mode, axis, limit } = device;
  const arrived = sum(device.arrivedBytes);
  const heading = html`
    <div class="lane device">
      <div class="name" title="${idstr}">${clip(printable(idstr), NAME_WIDTH)}</div>
      <div class="of">${mode === "multifd"
        ? "queued by index, loaded in order"
        : "loaded from the main channel as it comes"}</div>
    </div>
  `;
  const arriving = curveLane(
    "arriving",
    device.arrivedBytes,
    formatBytes,
    "arriving",
    `${formatBytes(arrived)} in ${count(sum(device.arrivedBuffers), "piece")}`,
  );
  if (mode === "main") return html`${heading}${arriving}`;
  const paths = stackPaths([device.loading, device.starving, device.gated], axis.bins, STATE_HEIGHT);
  const starved = sum(device.starving);
  const state = laneHtml(
    "state",
    "load thread",
    plot(STATE_HEIGHT, `Load thread: ${stateText(device)}`, [
      html`
        <rect class="track" width="${SPACE}" height="${STATE_HEIGHT}" />
      `,
      html`
        <path class="s-loading" d="${paths[0] ?? ""}" />
      `,
      html`
        <path class="s-starving" d="${paths[1] ?? ""}" />
      `,
      html`
        <path class="s-gated" d="${paths[2] ?? ""}" />
      `,
    ]),
    starved === 0 ? "" : `starved ${spanText(axis, starved)}`,
  );
  return html`${heading}${arriving}${state}${
    curveLane("queue, bytes", device.queuedBytes, formatBytes, "queue", undefined, limit.bytes)
  }${
    curveLane(
      "queue, buffers",
      device.queuedBuffers,
      (value) => count(value, "buffer"),
      "queue",
      undefined,
      limit.buffers,
    )
  }`;
}

function spanText({ unit }: TimelineAxis, value: number): string {
  return unit === "time" ? formatSpan(value) : count(Math.round(value), "step");
}

function stateText({ axis, loading, starving, gated }: DeviceLane): string {
  const parts = [["loading", loading], ["starving", starving], ["config waits at the gate", gated]] as const;
  return parts.filter(([, list]) => sum(list) > 0).map(([name, list]) => `${name} ${spanText(axis, sum(list))}`).join(
    ", ",
  ) ||
    "never waits";
}

/** A limit that is so far above the curve that both cannot be seen together is only named. */
const FAR_LIMIT = 5;

function curveLane(
  name: string,
  values: readonly number[],
  format: (value: number) => string,
  className: string,
  text?: string,
  limit: number | null = null,
): Html {
  const peak = max(values) ?? 0;
  const isNear = limit !== null && limit <= FAR_LIMIT * Math.max(1, peak);
  const top = Math.max(1, peak, isNear ? limit : 0) * 1.08;
  const y = CURVE_HEIGHT - CURVE_HEIGHT * (limit ?? 0) / top;
  const limitText = limit === null ? "" : `, limit ${format(limit)}${isNear ? "" : ", far above"}`;
  const value = text ?? `at most ${format(peak)}${limitText}`;
  return laneHtml(
    `curve ${className}`,
    name,
    plot(CURVE_HEIGHT, `${name}: ${value}`, [
      html`
        <rect class="track" width="${SPACE}" height="${CURVE_HEIGHT}" />
      `,
      html`
        <path d="${stepPath(values, top, CURVE_HEIGHT)}" />
      `,
      isNear
        ? html`
          <line class="limit" x2="${SPACE}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}" />
        `
        : null,
    ]),
    value,
  );
}

function answerLane(answers: readonly AnswerTicks[], { bins }: TimelineAxis): Html | null {
  if (answers.length === 0) return null;
  const total = sum(answers, ({ bins }) => sum(bins, ({ count }) => count));
  const kinds = [...new Set(answers.map(({ kind }) => qemuName(kind)))].join(", ");
  const bySlot = Map.groupBy(
    answers.flatMap(({ kind, bins: ticks }) => ticks.map(({ bin, count }) => ({ kind, bin, count }))),
    ({ bin }) => bin,
  );
  const content = [...bySlot].map(([bin, ticks]) => {
    const at = (bin + 0.5) / bins;
    const words = ticks.slice(0, TICK_KINDS).map(({ kind, count }) =>
      `${qemuName(kind)}${count === 1 ? "" : ` × ${count}`}`
    );
    return html`
      <g>
        <title>${words.join(", ")}</title>
        <rect class="answer" data-at="${at.toFixed(4)}" x="${percent(at)}" width="2" height="14" />
      </g>
    `;
  });
  return laneHtml(
    "answers",
    "return path",
    marks(14, `Messages of the destination: ${kinds}`, content),
    count(total, "message"),
    kinds,
  );
}

function axisLane(axis: TimelineAxis): Html {
  const ticks = axisTicks(axis, TICKS).map(({ at, text }) => {
    const anchor = at < 0.04 ? "start" : at > 0.96 ? "end" : "middle";
    return html`
      <g class="tick">
        <line x1="${percent(at)}" x2="${percent(at)}" y2="5" />
        <text x="${percent(at)}" y="17" text-anchor="${anchor}">${text}</text>
      </g>
    `;
  });
  return html`
    <div class="lane axis">
      <div class="name">${axis.unit === "time" ? "time" : axis.unit}</div>
      <svg class="marks ticks" height="20" role="img" aria-label="From ${axisText(axis, axis.start)} to ${axisText(
        axis,
        axis.start + lengthOf(axis),
      )}">${ticks}</svg>
      <div class="sum"></div>
    </div>
  `;
}

/** What the page's script shows of a bin. */
function viewData(
  { unit, start, width, bins }: TimelineAxis,
  lanes: readonly ChannelLane[],
  devices: readonly DeviceLane[],
): Html {
  const rounded = (values: readonly number[]): number[] => values.map(Math.round);
  const data = {
    axis: { unit, start, width, bins },
    rows: [
      ...lanes.map(({ label, kinds }) => ({
        label: printable(label),
        values: KIND_LOOKS.flatMap(({ kind, name }) => {
          const values = kinds[kind];
          return values === undefined ? [] : [{ name, unit: "bytes", list: rounded(values) }];
        }),
      })),
      ...devices.map(({ idstr, mode, arrivedBytes, starving, queuedBytes, queuedBuffers }) => ({
        label: printable(idstr),
        values: [
          { name: "arriving", unit: "bytes", list: rounded(arrivedBytes) },
          ...(mode === "main" ? [] : [
            { name: "queued", unit: "bytes", list: rounded(queuedBytes) },
            { name: "buffers queued", unit: "", list: rounded(queuedBuffers) },
            { name: "starving", unit, list: rounded(starving) },
          ]),
        ],
      })),
    ],
  };
  return html`<script type="application/json" class="data">${jsonData(data)}</script>`;
}

/** What the colours and patterns stand for. */
export function legendHtml({ views }: TimelineReport): Html {
  const seen = new Set(views.flatMap(({ lanes }) => lanes.flatMap(({ kinds }) => Object.keys(kinds))));
  const happens = (list: (device: DeviceLane) => readonly number[]): boolean =>
    views.some(({ devices }) => devices.some((device) => list(device).some((value) => value > 0)));
  const swatch = (className: string, name: string): Html =>
    html`<li><svg width="18" height="12" aria-hidden="true"><rect class="${className}" width="18" height="12"/></svg>${name}</li>`;
  return html`<ul class="legend">${
    KIND_LOOKS.filter(({ kind }) => seen.has(kind)).map(({ kind, name }) => swatch(`k-${kind}`, name))
  }${swatch("track", "idle")}${happens(({ loading }) => loading) ? swatch("s-loading", "device takes state") : null}${
    happens(({ starving }) => starving) ? swatch("s-starving", "starving for a buffer") : null
  }${happens(({ gated }) => gated) ? swatch("s-gated", "config at the gate") : null}</ul>`;
}
