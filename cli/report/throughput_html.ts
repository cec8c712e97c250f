/** Throughput by channel. @module */

import type { ChannelLane, TimelineReport } from "../../src/public/report.ts";
import { clip } from "../inspect/layout.ts";
import { formatBytes, printable } from "../terminal.ts";
// @ts-types="@types/d3-array"
import { max, sum } from "d3-array";
import { type Html, html } from "./html.ts";
import { SPACE, stepPath } from "./lane_shapes.ts";

const HEIGHT = 26;
const NAME_WIDTH = 40;
const SHOWN = 40;

/** A curve a channel, all to the same scale; nothing without times. */
export function throughputHtml({ timed, views: [whole] }: TimelineReport): Html | null {
  if (!timed || whole === undefined) return null;
  const seconds = whole.axis.width / 1e9;
  const rows = whole.lanes.map((lane) => ({ lane, rates: ratesOf(lane, whole.axis.bins, seconds) }));
  const top = max(rows, ({ rates }) => max(rates)) ?? 0;
  if (top === 0) return null;
  const shown = rows.filter(({ rates }) => rates.some((rate) => rate > 0)).slice(0, SHOWN);
  return html`<p class="note">All to one scale, up to ${formatBytes(top)} a second, averaged over columns of ${
    (seconds * 1e3).toPrecision(2)
  } ms.</p>
<div class="plots still">
${
    shown.map(({ lane, rates }) => {
      const peak = max(rates) ?? 0;
      const value = `up to ${formatBytes(peak)}/s`;
      return html`
        <div class="lane curve rate">
          <div class="name" title="${lane.label}">${clip(printable(lane.label), NAME_WIDTH)}</div>
          <svg viewBox="0 0 ${SPACE} ${HEIGHT}" height="${HEIGHT}" preserveAspectRatio="none" role="img"
            aria-label="${lane.label}: ${value}">
            <rect class="track" width="${SPACE}" height="${HEIGHT}" />
            <path d="${stepPath(rates, top, HEIGHT)}" />
          </svg>
          <div class="sum">${value}</div>
        </div>
      `;
    })
  }</div>`;
}

/** Bytes a second, by bin. */
function ratesOf({ kinds }: ChannelLane, bins: number, seconds: number): number[] {
  const lists = Object.values(kinds);
  return Array.from({ length: bins }, (_, bin) => sum(lists, (list) => list[bin] ?? 0) / seconds);
}
