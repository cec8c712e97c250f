import { largest, sum } from "./growing_axis.ts";
import type { AnswerTicks, ChannelLane, DeviceLane, TimelineAxis, TimelineView } from "./model.ts";

type Join = (a: number, b: number) => number;

/**
 * A view with half as many bins, each twice as wide.
 *
 * @param view The view.
 * @returns The other view.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { coarserView } from "@migwire/migwire/report";
 *
 * const lane = { label: "main", role: "main", opened: null, closed: null, reset: false, kinds: { ram: [1, 2, 3] } };
 * const axis = { unit: "time", start: 0, width: 10, bins: 3 } as const;
 * const { axis: { width, bins }, lanes } = coarserView({ name: "whole", axis, lanes: [lane], devices: [], answers: [] });
 * assertEquals([width, bins, lanes[0]?.kinds.ram], [20, 2, [3, 3]]);
 * ```
 */
export function coarserView(view: TimelineView): TimelineView {
  return {
    ...view,
    axis: coarserAxis(view.axis),
    lanes: view.lanes.map(coarserLane),
    devices: view.devices.map(coarserDevice),
    answers: view.answers.map(coarserTicks),
  };
}

function coarserAxis(axis: TimelineAxis): TimelineAxis {
  return { ...axis, width: 2 * axis.width, bins: Math.ceil(axis.bins / 2) };
}

function pairs(list: readonly number[], join: Join): number[] {
  return Array.from({ length: Math.ceil(list.length / 2) }, (_, i) => join(list[2 * i] ?? 0, list[2 * i + 1] ?? 0));
}

function coarserLane(lane: ChannelLane): ChannelLane {
  return {
    ...lane,
    kinds: Object.fromEntries(Object.entries(lane.kinds).map(([kind, list]) => [kind, pairs(list, sum)])),
  };
}

function coarserDevice(device: DeviceLane): DeviceLane {
  const { arrivedBuffers, arrivedBytes, loadedBuffers, loading, starving, gated, queuedBuffers, queuedBytes } = device;
  return {
    ...device,
    axis: coarserAxis(device.axis),
    arrivedBuffers: pairs(arrivedBuffers, sum),
    arrivedBytes: pairs(arrivedBytes, sum),
    loadedBuffers: pairs(loadedBuffers, sum),
    loading: pairs(loading, sum),
    starving: pairs(starving, sum),
    gated: pairs(gated, sum),
    queuedBuffers: pairs(queuedBuffers, largest),
    queuedBytes: pairs(queuedBytes, largest),
  };
}

function coarserTicks(ticks: AnswerTicks): AnswerTicks {
  const counts = new Map<number, number>();
  for (const { bin, count } of ticks.bins) {
    const half = Math.floor(bin / 2);
    counts.set(half, (counts.get(half) ?? 0) + count);
  }
  return { ...ticks, bins: [...counts].map(([bin, count]) => ({ bin, count })) };
}
