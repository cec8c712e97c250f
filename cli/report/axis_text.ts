import type { TimelineAxis } from "../../src/public/report.ts";
import { formatBytes } from "../terminal.ts";
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";

/** A mark on an axis. */
export interface AxisTick {
  /** Where, as a part of the axis: 0 to 1. */
  readonly at: number;
  /** What stands there. */
  readonly text: string;
}

/** Length of an axis in its unit. */
export function lengthOf({ width, bins }: TimelineAxis): number {
  return width * bins;
}

/**
 * A value on an axis, as exact as its bins are.
 *
 * @param axis The axis.
 * @param value In its unit.
 */
export function axisText({ unit, width }: TimelineAxis, value: number): string {
  if (unit === "bytes") return formatBytes(value);
  if (unit === "steps") return String(value);
  // One unit for all values of an axis, so that they can be compared at a glance.
  const digits = width >= 1e6 ? 0 : width >= 1e5 ? 1 : width >= 1e4 ? 2 : 3;
  return `${(value / 1e6).toFixed(digits)} ms`;
}

/**
 * Marks at round values.
 *
 * @param axis The axis.
 * @param count About how many.
 */
export function axisTicks(axis: TimelineAxis, count: number): AxisTick[] {
  const end = axis.start + lengthOf(axis);
  // Bytes are round in powers of 1024.
  const unit = axis.unit === "bytes" ? 1024 ** Math.floor(Math.log2(Math.max(1, end)) / 10) : 1;
  const scale = scaleLinear().domain([axis.start / unit, end / unit]).range([0, 1]);
  return scale.ticks(count).map((value) => ({ at: scale(value), text: axisText(axis, value * unit) }));
}
