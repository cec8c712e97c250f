/** The lane of a channel: what came in it, and when. @module */

import type { ChannelLane, TimelineAxis } from "../../../src/public/report.ts";
import { formatBytes, printable } from "../../terminal.ts";
// @ts-types="@types/d3-array"
import { max, sum } from "d3-array";
import { type Html, html } from "../html.ts";
import { KIND_LOOKS } from "../kinds.ts";
import { kindPaths, SPACE } from "../lane_shapes.ts";
import { laneHtml, plot } from "./lane.ts";

/** Height of the lane. */
const CHANNEL_HEIGHT = 20;

/** The lane: bytes by kind, in columns. */
export function channelLane(lane: ChannelLane, axis: TimelineAxis): Html {
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
