import type { ReadChannel } from "../../capture/values.ts";
import type { InspectReport } from "../inspect/mod.ts";
import type { LoadReport } from "../load/mod.ts";
import type { StateEnd } from "./last_state.ts";
import type { Downtime, LastDevice, LimitOutcome, TimelineHeadline } from "./model.ts";
import type { PhaseTally } from "./phases.ts";
import type { Times } from "./place.ts";

/** Errors for a buffer that a limit refused. */
const LIMIT_CODES: readonly string[] = ["size-limit", "buffer-limit"];

/** What matters most of a capture. */
export function headlineOf(
  inspected: InspectReport,
  load: LoadReport | null,
  phases: PhaseTally,
  ends: readonly StateEnd[],
  times: Times | undefined,
): TimelineHeadline {
  const { channels, devices } = inspected;
  const last = lastOf(ends, times);
  return {
    bytes: channels.reduce((sum, { bytes }) => sum + bytes, 0),
    deviceBytes: devices.reduce((sum, { precopyBytes, stopCopyBytes }) => sum + precopyBytes + stopCopyBytes, 0),
    buffers: devices.reduce((sum, { precopyRecords, buffers }) => sum + precopyRecords + buffers, 0),
    downtime: downtimeOf(phases, times, last?.time ?? null),
    last: last === undefined ? null : lastDevice(last.end),
    limits: limitsOf(load),
  };
}

function downtimeOf(phases: PhaseTally, times: Times | undefined, end: number | null): Downtime | null {
  const { downtime } = phases;
  if (downtime === undefined) return null;
  const start = times?.of(downtime.place) ?? null;
  return { from: downtime.from, start, end, nanoseconds: start === null || end === null ? null : end - start };
}

/** The end that was reached last. Without times only ends on one channel can be compared. */
function lastOf(
  ends: readonly StateEnd[],
  times: Times | undefined,
): { readonly end: StateEnd; readonly time: number | null } | undefined {
  const timed = ends.map((end) => ({ end, time: times?.of(end.place) ?? null }));
  if (new Set(ends.map(({ channel }) => channel)).size > 1 && timed.some(({ time }) => time === null)) return undefined;
  return timed.reduce<(typeof timed)[number] | undefined>(
    (last, one) => last === undefined || isLater(one, last) ? one : last,
    undefined,
  );
}

type Timed = { readonly end: StateEnd; readonly time: number | null };

function isLater(a: Timed, b: Timed): boolean {
  const [timeA, timeB] = [a.time ?? 0, b.time ?? 0];
  return timeA === timeB ? a.end.place.offset > b.end.place.offset : timeA > timeB;
}

function lastDevice({ idstr, instanceId, channel, isVfio }: StateEnd): LastDevice {
  return { idstr, instanceId, channel, isVfio };
}

function limitsOf(load: LoadReport | null): LimitOutcome {
  if (load === null) return "unknown";
  if ([load.verdict, ...load.errors].some(({ code }) => LIMIT_CODES.includes(code))) return "broken";
  const limited = load.devices.some(({ maxQueued }) => maxQueued.bytes !== null || maxQueued.buffers !== null);
  return limited ? "held" : "none";
}

/** Bytes of the longest channel: how far an axis of bytes goes. */
export function longest(channels: readonly ReadChannel[]): number {
  return Math.max(1, ...channels.map(({ channel: { source } }) => source?.size ?? 0));
}
