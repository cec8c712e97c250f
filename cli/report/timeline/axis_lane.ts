/** The axis below the lanes. @module */

import type { TimelineAxis } from "../../../src/public/report.ts";
import { axisText, axisTicks, lengthOf } from "../axis_text.ts";
import { type Html, html } from "../html.ts";
import { percent } from "./lane.ts";

/** Ticks of an axis. */
const TICKS = 7;

/** The axis, as a lane with ticks. */
export function axisLane(axis: TimelineAxis): Html {
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
