/** The lane of phases, RAM iterations and the downtime. @module */

import type { Downtime, MigrationPhase, TimelineAxis, TimelineReport } from "../../../src/public/report.ts";
import { count, formatSpan } from "../../inspect/words.ts";
import { lengthOf } from "../axis_text.ts";
import { type Html, html } from "../html.ts";
import { laneHtml, marks, percent } from "./lane.ts";

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

/** The lane; null where nothing is known of phases. */
export function phaseLane(axis: TimelineAxis, { phases, headline: { downtime } }: TimelineReport): Html | null {
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
