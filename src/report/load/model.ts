/**
 * The result of `load`: values only, the same in the program and in `--json`. Lengths are bytes, times nanoseconds on the
 * clock of the load, which is the recorder's where it recorded times.
 *
 * @module
 */

import type { CaptureOutcome, Expectations } from "../../capture/values.ts";
import type { LoadedDevice, LoadOrder, LoadWarning, QueueBound, ReturnPathAnswer, Verdict } from "../../load/mod.ts";

/** Version of the shape; fields may be added within a version. */
export const LOAD_FORMAT = "migwire-load/1";

/** What becomes of a capture in a destination. */
export interface LoadReport {
  /** {@linkcode LOAD_FORMAT}. */
  readonly format: typeof LOAD_FORMAT;
  /** Where it is from. */
  readonly capture: { readonly name: string; readonly kind: string; readonly outcome?: CaptureOutcome };
  /** Everything is loaded. */
  readonly loaded: boolean;
  /** What becomes of it, and why. */
  readonly verdict: Verdict;
  /** Every error that QEMU records on the way there, the first first. */
  readonly errors: readonly Verdict[];
  /** What the source believes: without a return path it never learns of a failure (destination-engine.md A.5). */
  readonly sourceBelieves: "success" | "failure" | "nothing";
  /** The destination that was asked about. */
  readonly destination: LoadDestination;
  /** What the destination is taken to expect, and who says so. */
  readonly expectations: Expectations;
  /** The order in which channels were read. */
  readonly order: LoadOrder;
  /** Seed of a random order. */
  readonly seed: number | null;
  /** Bytes a second that each device takes; null if it takes them at once. */
  readonly deviceRate: number | null;
  /** When SWITCHOVER_START came, nanoseconds on the clock of the load; null if it did not. */
  readonly switchoverStart: number | null;
  /** Every VFIO device that the stream names, or that the destination is known to have. */
  readonly devices: readonly DeviceReport[];
  /** What the destination sent on the return path. */
  readonly answers: readonly ReturnPathAnswer[];
  /** Barriers between main and multifd channels that were passed. */
  readonly barriers: number;
  /** What was suspicious. */
  readonly warnings: readonly LoadWarning[];
  /** Limits that the capture survives, where they were asked for; no limit was applied then. */
  readonly limits?: readonly DeviceLimits[];
}

/** The destination that was asked about. */
export interface LoadDestination {
  /** Version of QEMU. */
  readonly qemu: string;
  /** Capability multifd. */
  readonly multifd: boolean;
  /** Parameter multifd-channels. */
  readonly channels: number;
  /** Parameter multifd-compression. */
  readonly compression: string;
  /** Capability mapped-ram. */
  readonly mappedRam: boolean;
  /** Where the main channel waits for the multifd channels. */
  readonly barriers: "flush" | "section";
  /** Capability switchover-ack. */
  readonly switchoverAck: boolean;
}

/** What became of a device, and what it was told to do. */
export interface DeviceReport extends LoadedDevice {
  /** Bounds of its queue; null where there is none. */
  readonly maxQueued: { readonly bytes: number | null; readonly buffers: number | null };
  /** When the peak of queued bytes was: when the buffer that made it came. */
  readonly peakTime: number;
  /** When the peak of queued buffers was. */
  readonly peakBuffersTime: number;
  /** How long it waited for buffers that had not come. */
  readonly starvedTime: number;
  /** What its config waits for; null if its config does not wait for CONFIG_LOAD_READY. */
  readonly gate: ConfigGate | null;
}

/** The gate before a config: CONFIG_LOAD_READY, which comes when all iterables are loaded. */
export interface ConfigGate {
  /** When the config began to wait, nanoseconds on the clock of the load; null if the gate was open when all buffers were loaded, or they never were. */
  readonly waitedFrom: number | null;
  /** When the config went through, as `waitedFrom`; null if it never did. */
  readonly passed: number | null;
}

/** The smallest limits on the queue of one device that the capture survives. */
export interface DeviceLimits {
  /** Name of its section. */
  readonly idstr: string;
  /** Instance. */
  readonly instanceId: number;
  /** In the order that was used, with the device as fast as it was; null if the destination queued nothing. */
  readonly thisOrder: QueueBound | null;
  /** In the worst order that the channels allow, if the device takes each buffer at once. */
  readonly worstOrder: QueueBound;
  /** In any order, however slow the device is: all that is sent. */
  readonly always: QueueBound;
}
