/** Values that a destination expects, and who says them. @module */

import type { MultifdCompression } from "../../wire/mod.ts";

/** Who says a value. */
export type KnownOrigin =
  /** The user, about any destination. */
  | "option"
  /** The recording, about the destination that was recorded. */
  | "capture";

/** A value, and where it comes from. */
export interface Known<T> {
  /** The value. */
  readonly value: T;
  /** Who says it; of a value that follows from several, the user if one of them is the user's. */
  readonly origin: KnownOrigin;
  /** Where it stands, for people: `--qemu`, `capture.json`. */
  readonly from: string;
}

/** When multifd channels and the main channel wait for each other (destination-engine.md C.4). */
export type SyncStyle =
  /** At each MULTIFD_FLUSH record: machine types from 8.1 on. */
  | "round"
  /** At the end of each section of RAM: older ones. */
  | "section";

/** What one VFIO device of the destination expects. */
export interface DeviceExpectation {
  /** Name of its section; absent if the command line does not tell, or this stands for every device. */
  readonly idstr?: string;
  /** What QEMU's messages call it. */
  readonly name?: string;
  /** The property `x-migration-multifd-transfer` as it is set. */
  readonly transfer?: Known<OnOffAuto>;
  /** Whether it takes its state over multifd, `auto` decided. */
  readonly overMultifd?: Known<boolean>;
  /** Whether it loads its config only after CONFIG_LOAD_READY, `auto` decided. */
  readonly configAfterIter?: Known<boolean>;
  /** Bytes that may be queued at most; absent if there is no limit. */
  readonly maxQueuedSize?: Known<number>;
}

/** What the destination expects. */
export interface Expectations {
  /** Version of QEMU, as text. */
  readonly qemu?: Known<string>;
  /** Architecture of the target, as in the program's name. */
  readonly arch?: Known<string>;
  /** Capability `multifd`. */
  readonly multifd?: Known<boolean>;
  /** Parameter `multifd-channels`. */
  readonly multifdChannels?: Known<number>;
  /** Parameter `multifd-compression`. */
  readonly multifdCompression?: Known<MultifdCompression>;
  /** Capability `mapped-ram`. */
  readonly mappedRam?: Known<boolean>;
  /** Capability `x-ignore-shared`. */
  readonly ignoreShared?: Known<boolean>;
  /** Capability `postcopy-ram`. */
  readonly postcopyRam?: Known<boolean>;
  /** Capability `switchover-ack`. */
  readonly switchoverAck?: Known<boolean>;
  /** Property `send-switchover-start` of `migration`. */
  readonly sendSwitchoverStart?: Known<boolean>;
  /** Full name of the machine type. */
  readonly machine?: Known<string>;
  /** Size of the main memory in bytes. */
  readonly ramBytes?: Known<number>;
  /** UUID of the machine. */
  readonly uuid?: Known<string>;
  /** When multifd channels wait for the main channel. */
  readonly syncStyle?: Known<SyncStyle>;
  /** VFIO devices; absent if nothing at all is known of them. */
  readonly devices?: readonly DeviceExpectation[];
  /** `devices` are all that there are. */
  readonly devicesAreAll: boolean;
}

/** What a user may say of the destination; it overrides what a capture says. */
export interface ExpectationOptions {
  /** Version of QEMU. */
  readonly qemu?: string;
  /** Architecture of the target: `aarch64`. */
  readonly arch?: string;
  /** Capability `multifd`. */
  readonly multifd?: boolean;
  /** Parameter `multifd-channels`. */
  readonly multifdChannels?: number;
  /** Parameter `multifd-compression`. */
  readonly multifdCompression?: MultifdCompression;
  /** Capability `mapped-ram`. */
  readonly mappedRam?: boolean;
  /** Capability `switchover-ack`. */
  readonly switchoverAck?: boolean;
  /** Machine type, full name or alias. */
  readonly machine?: string;
  /** Property `x-migration-multifd-transfer` of every VFIO device. */
  readonly multifdTransfer?: OnOffAuto;
  /** Property `x-migration-load-config-after-iter` of every VFIO device. */
  readonly loadConfigAfterIter?: OnOffAuto;
  /** Property `x-migration-max-queued-buffers-size` of every VFIO device, bytes. */
  readonly maxQueuedSize?: number;
}

/** A switch that QEMU may decide itself. */
export type OnOffAuto = "on" | "off" | "auto";

/** Where each option of a user stands, for people. */
const OPTION_NAMES: { readonly [option in keyof ExpectationOptions]-?: string } = {
  qemu: "--qemu",
  arch: "--arch",
  multifd: "--multifd",
  multifdChannels: "--multifd-channels",
  multifdCompression: "--multifd-compression",
  mappedRam: "--mapped-ram",
  switchoverAck: "--switchover-ack",
  machine: "--machine",
  multifdTransfer: "--multifd-transfer",
  loadConfigAfterIter: "--load-config-after-iter",
  maxQueuedSize: "--max-queued-size",
};

/** The name of an option that the user gave, as a source of values. */
export function optionName(option: keyof ExpectationOptions): string {
  return OPTION_NAMES[option];
}

/** A value that follows from others. */
export function follows<T>(value: T, ...from: readonly (Known<unknown> | undefined)[]): Known<T> {
  const known = from.filter((one) => one !== undefined);
  return {
    value,
    origin: known.some(({ origin }) => origin === "option") ? "option" : "capture",
    from: [...new Set(known.map((one) => one.from))].join(", "),
  };
}

/** A value that the recording says, unless it does not. */
export function captured<T>(value: T | undefined): Known<T> | undefined {
  return value === undefined ? undefined : { value, origin: "capture", from: "capture.json" };
}
