/**
 * The result of `load`: values only, the same in the program and in `--json`. Lengths are bytes, times nanoseconds on the
 * clock of the load, which is the recorder's where it recorded times.
 *
 * @module
 */

import type { CaptureOutcome, Expectations } from "../../capture/mod.ts";
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
  /** Every VFIO device that the stream names. */
  readonly devices: readonly LoadedDevice[];
  /** What the destination sent on the return path. */
  readonly answers: readonly ReturnPathAnswer[];
  /** Barriers between main and multifd channels that were passed. */
  readonly barriers: number;
  /** What was suspicious. */
  readonly warnings: readonly LoadWarning[];
  /** Limits that the capture survives, where they were asked for. */
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
  /** Where the main channel waits for the multifd channels. */
  readonly barriers: "flush" | "section";
  /** Capability switchover-ack. */
  readonly switchoverAck: boolean;
}

/** The smallest limits on the queue of one device that the capture survives. */
export interface DeviceLimits {
  /** Name of its section. */
  readonly idstr: string;
  /** Instance. */
  readonly instanceId: number;
  /** In the order that was used, if the device takes each buffer at once. */
  readonly thisOrder: QueueBound;
  /** In the worst order that the channels allow, if the device takes each buffer at once. */
  readonly worstOrder: QueueBound;
  /** In any order, however slow the device is: all that is sent. */
  readonly always: QueueBound;
}
