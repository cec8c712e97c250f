/**
 * What `report` draws: values only, aggregated into bins, so that its size does not grow with the capture. Lengths are
 * bytes, times nanoseconds since the recording began.
 *
 * @module
 */

import type { Direction } from "../../capture/values.ts";
import type { Finding } from "../../wire/mod.ts";
import type { CheckReport } from "../check/mod.ts";
import type { InspectReport } from "../inspect/mod.ts";
import type { LoadReport } from "../load/mod.ts";
import type { DumpField } from "../records/mod.ts";

/** All that a picture of a migration is drawn from. */
export interface TimelineReport {
  /** What is in the capture. */
  readonly inspected: InspectReport;
  /** What is wrong with it. */
  readonly checked: CheckReport;
  /** What a destination makes of it; null if it cannot be loaded. */
  readonly load: LoadReport | null;
  /** Why it cannot be loaded; null if it was. */
  readonly notLoaded: string | null;
  /** Times were recorded. Without them lanes show the order of bytes in each channel, and nothing between channels. */
  readonly timed: boolean;
  /** What matters most. */
  readonly headline: TimelineHeadline;
  /** The migration as a whole, and then, where it is a small part of that, the switchover. */
  readonly views: readonly TimelineView[];
  /** Phases of the migration, in stream order. */
  readonly phases: readonly MigrationPhase[];
  /** How far from order the buffers of each device came. */
  readonly disorder: readonly DisorderHistogram[];
  /** Bytes by channel and kind. */
  readonly carried: readonly CarriedBytes[];
  /** Where problems are, the first of them: as many as are worth a look at their bytes. */
  readonly places: readonly ProblemPlace[];
}

/** What matters most. */
export interface TimelineHeadline {
  /** Bytes of all channels. */
  readonly bytes: number;
  /** Bytes of VFIO devices' state, without configs. */
  readonly deviceBytes: number;
  /** Pieces in which they were sent: multifd packets or DATA records. */
  readonly buffers: number;
  /** The time in which the guest stood still; null if nothing in the stream shows it. */
  readonly downtime: Downtime | null;
  /** What came last of all devices; null if no device came, or if nothing tells the order. */
  readonly last: LastDevice | null;
  /** Whether the limits on the queues of the devices held. */
  readonly limits: LimitOutcome;
}

/** The time in which the guest stood still, as the bytes on the wire show it. */
export interface Downtime {
  /** What it begins with. */
  readonly from: DowntimeStart;
  /** When that had arrived, nanoseconds since the recording began; null without recorded times. */
  readonly start: number | null;
  /** When the last byte of a device had arrived, as `start`; null without times or such bytes. */
  readonly end: number | null;
  /** Nanoseconds between the two; null if either is not known. Negative where the source's buffer held the beginning back. */
  readonly nanoseconds: number | null;
}

/** What marks the moment in which the guest was stopped. */
export type DowntimeStart =
  /** The command SWITCHOVER_START (QEMU 10.0 and later). */
  | "switchover-start"
  /** The end of the last section of iterable state that was sent while the guest ran: it stood still soon after. */
  | "last-iterable";

/** The device whose state came last. */
export interface LastDevice {
  /** Name of its section. */
  readonly idstr: string;
  /** Instance. */
  readonly instanceId: number;
  /** Label of the channel that brought its last byte. */
  readonly channel: string;
  /** It is a VFIO device. If one sends state after the guest stopped, others are not looked at. */
  readonly isVfio: boolean;
}

/** Whether limits on queues held. */
export type LimitOutcome =
  /** No device has one. */
  | "none"
  /** No queue went above. */
  | "held"
  /** A buffer was refused for it. */
  | "broken"
  /** The capture was not loaded. */
  | "unknown";

/** A stretch of the axis, cut into bins of one width. */
export interface TimelineAxis {
  /**
   * What it counts: `time` nanoseconds; `bytes` of each channel; `steps` of the load, where each thing that happens to a
   * device is one.
   */
  readonly unit: "time" | "bytes" | "steps";
  /** Where the first bin begins, in that unit. */
  readonly start: number;
  /** Width of a bin, in that unit. */
  readonly width: number;
  /** Number of bins. */
  readonly bins: number;
}

/** A part of the migration, drawn by itself. */
export interface TimelineView {
  /** Which part. */
  readonly name: "whole" | "switchover";
  /** Of the channels. */
  readonly axis: TimelineAxis;
  /** A lane a channel, in the order of reading. */
  readonly lanes: readonly ChannelLane[];
  /** A lane a VFIO device. */
  readonly devices: readonly DeviceLane[];
  /** What the destination said. */
  readonly answers: readonly AnswerTicks[];
}

/** What a stretch of a channel is. */
export type ContentKind =
  /** Pages with contents. */
  | "ram"
  /** Pages of zeros. */
  | "zero"
  /** State of VFIO devices. */
  | "vfio"
  /** Config of VFIO devices. */
  | "config"
  /** State of other devices. */
  | "device"
  /** Marks that channels wait for each other at. */
  | "sync"
  /** What holds the stream together: headers, commands, block lists, the VM description. */
  | "frame"
  /** Messages of the destination. */
  | "answer"
  /** What was not understood, or is encrypted. */
  | "unread";

/** What came on a channel, bin by bin. */
export interface ChannelLane {
  /** What findings call it. */
  readonly label: string;
  /** What it is. */
  readonly role: string;
  /** When the connection was opened, nanoseconds since the recording began; null if that is not known. */
  readonly opened: number | null;
  /** When this direction of it ended, as `opened`; null if that was not seen. */
  readonly closed: number | null;
  /** It was broken off. */
  readonly reset: boolean;
  /** Bytes of each kind that came, by bin; kinds without a byte are left out. */
  readonly kinds: { readonly [K in ContentKind]?: readonly number[] };
}

/** What happened to a VFIO device, bin by bin. */
export interface DeviceLane {
  /** Name of its section. */
  readonly idstr: string;
  /** How its state is loaded; `main` devices have no queue. */
  readonly mode: "main" | "multifd";
  /** Of the lists below. */
  readonly axis: TimelineAxis;
  /** Bounds of its queue, bytes and buffers; null where there is none. */
  readonly limit: { readonly bytes: number | null; readonly buffers: number | null };
  /** Buffers that arrived. */
  readonly arrivedBuffers: readonly number[];
  /** Bytes of them. */
  readonly arrivedBytes: readonly number[];
  /** Buffers that were loaded. */
  readonly loadedBuffers: readonly number[];
  /** How long the device took state, in units of the axis. */
  readonly loading: readonly number[];
  /** How long it waited for a buffer that had not come, in units of the axis. */
  readonly starving: readonly number[];
  /** How long its config waited for CONFIG_LOAD_READY, in units of the axis. */
  readonly gated: readonly number[];
  /** Most buffers in the queue. */
  readonly queuedBuffers: readonly number[];
  /** Most bytes in the queue, as QEMU counts them. */
  readonly queuedBytes: readonly number[];
}

/** Messages of one kind on a return path. */
export interface AnswerTicks {
  /** Label of the return path. */
  readonly channel: string;
  /** Kind of the record: `rp-pong`. */
  readonly kind: string;
  /** Bins in which some came, and how many. */
  readonly bins: readonly { readonly bin: number; readonly count: number }[];
}

/** A place in a channel, and when it was reached. */
export interface PhasePoint {
  /** Number of the connection. */
  readonly connection: number;
  /** Who sent it. */
  readonly direction: Direction;
  /** After so many bytes. */
  readonly offset: number;
  /** When those had arrived, nanoseconds since the recording began; null without times. */
  readonly time: number | null;
}

/** A phase of the migration, as the main channel shows it. */
export interface MigrationPhase {
  /** Which. */
  readonly name: "setup" | "iteration" | "switchover" | "postcopy" | "end";
  /** `iteration`: number of the first RAM section in it, from 1 on. */
  readonly number?: number;
  /** `iteration`: RAM sections that were taken together, as there are too many to be marked one by one. */
  readonly sections?: number;
  /** Where it begins. */
  readonly from: PhasePoint;
  /** Where it ends. */
  readonly to: PhasePoint;
}

/** How far ahead of the buffer that was due the buffers of a device came. */
export interface DisorderHistogram {
  /** Name of the device's section. */
  readonly idstr: string;
  /** Instance. */
  readonly instanceId: number;
  /** The order that was looked at, as in `inspect`. */
  readonly order: "recorded" | "channels" | "none";
  /** Buffers whose distance was from `from` to `to`; the ranges double. */
  readonly ranges: readonly { readonly from: number; readonly to: number; readonly buffers: number }[];
}

/** Bytes of one channel, by kind. */
export interface CarriedBytes {
  /** What findings call the channel. */
  readonly label: string;
  /** What it is. */
  readonly role: string;
  /** Bytes by kind. */
  readonly kinds: { readonly [K in ContentKind]?: number };
}

/** A problem with the bytes at its place. */
export interface ProblemPlace {
  /** The problem. */
  readonly problem: Finding & { readonly hint?: string };
  /** The record that it is in; null where there is none, or its bytes are not at hand. */
  readonly record: { readonly kind: string; readonly offset: number; readonly length: number } | null;
  /** Fields of that record around the place, each with its first bytes. */
  readonly fields: readonly DumpField[];
  /** Bytes at the place that belong to no field. */
  readonly raw: { readonly offset: number; readonly bytes: Uint8Array } | null;
}
