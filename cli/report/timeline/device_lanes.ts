/** The lanes of a VFIO device: what arrives, its load thread, its queue. @module */

import type { DeviceLane, TimelineAxis } from "../../../src/public/report.ts";
import { clip } from "../../inspect/layout.ts";
import { count, formatSpan } from "../../inspect/words.ts";
import { formatBytes, printable } from "../../terminal.ts";
// @ts-types="@types/d3-array"
import { max, sum } from "d3-array";
import { type Html, html } from "../html.ts";
import { SPACE, stackPaths, stepPath } from "../lane_shapes.ts";
import { laneHtml, NAME_WIDTH, plot } from "./lane.ts";

/** Heights of lanes. */
const STATE_HEIGHT = 12;
const CURVE_HEIGHT = 30;

/** A limit that is so far above the curve that both cannot be seen together is only named. */
const FAR_LIMIT = 5;

/** Whether there is anything to draw. */
export function isDrawn({ arrivedBytes, queuedBuffers, starving }: DeviceLane): boolean {
  return [arrivedBytes, queuedBuffers, starving].some((list) => list.some((value) => value > 0));
}

/** The lanes, below a line with its name. */
export function deviceLanes(device: DeviceLane): Html {
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
