import { expectationFor, type Expectations, isAtLeast, machineVersion, parseQemuVersion } from "../capture/values.ts";
import type { MultifdCompression } from "../wire/mod.ts";
import { type DestinationSettings, type DeviceSettings, NEWEST_QEMU, qemuProfile } from "./engine/mod.ts";

/** What a stream tells of the destination that it is meant for: source and destination have to agree in these. */
export interface StreamFacts {
  /** Machine type; decides about the defaults of old versions. */
  readonly machine?: string;
  /** The target is ARM: only there the stream says its page size. */
  readonly arm: boolean;
  /** multifd connections. */
  readonly multifdChannels: number;
  /** Compression of their packets. */
  readonly compression: MultifdCompression;
  /** VFIO devices. */
  readonly devices: readonly StreamDevice[];
}

/** What a stream tells of a VFIO device. */
export interface StreamDevice {
  /** Name of its section. */
  readonly idstr: string;
  /** Instance of its section. */
  readonly instanceId: number;
  /** It gave state while the guest ran: its driver can. */
  readonly precopy: boolean;
}

/** What the user says beside the expectations. */
export interface SettingsOptions {
  /** Buffers that may be queued for a device, which no QEMU release limits. */
  readonly maxQueuedBuffers?: number;
}

/** QEMU's default of multifd-channels. */
const DEFAULT_CHANNELS = 2;

/**
 * A destination as a user or a recording describes it. What nobody says is as QEMU's defaults for a destination that
 * the stream is meant for: the machine type and channels of the stream, the newest version.
 *
 * @param expectations Of `expectationsOf()`.
 * @param facts What the stream tells: what is in it.
 * @param options What else the user says.
 * @returns The destination that {@linkcode loadCapture} takes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { expectationsOf } from "@migwire/migwire/capture";
 * import { destinationSettings } from "@migwire/migwire/load";
 *
 * const facts = { machine: "pc-q35-10.0", arm: false, multifdChannels: 4, compression: "none" as const, devices: [] };
 * const settings = destinationSettings(expectationsOf(undefined, { qemu: "10.0" }), facts);
 * assertEquals([settings.channels, settings.profile.gate], [4, false]);
 * assertEquals(settings.device("0000:00:05.0/vfio", 0)?.multifdTransfer, true);
 * ```
 */
export function destinationSettings(
  expectations: Expectations,
  facts: StreamFacts,
  options: SettingsOptions = {},
): DestinationSettings {
  const profile = qemuProfile(numbersOf(expectations.qemu?.value) ?? NEWEST_QEMU);
  const machine = expectations.machine?.value ?? facts.machine ?? "";
  const bound = machineVersion(machine) ?? parseQemuVersion(profile.version);
  const machineIsSince = (major: number, minor: number): boolean =>
    bound === undefined || isAtLeast(bound, major, minor);
  const multifd = expectations.multifd?.value ?? facts.multifdChannels > 0;
  const mappedRam = expectations.mappedRam?.value ?? false;
  const compression = expectations.multifdCompression?.value ?? facts.compression;
  const auto = {
    // vfio.md §7.2: the switchover command is a property of machine types from 10.0 on.
    multifdTransfer: profile.multifdTransfer && multifd && !mappedRam && compression === "none" &&
      machineIsSince(10, 0) && expectations.sendSwitchoverStart?.value !== false,
    gate: profile.gate && machineIsSince(10, 1) && isArm(expectations.arch?.value, facts.arm),
  };
  return {
    profile,
    multifd,
    channels: expectations.multifdChannels?.value ?? (facts.multifdChannels || DEFAULT_CHANNELS),
    compression,
    mappedRam,
    barriers: (expectations.syncStyle?.value ?? (machineIsSince(8, 1) ? "round" : "section")) === "section"
      ? "section"
      : "flush",
    switchoverAck: expectations.switchoverAck?.value ?? false,
    needsAck: needsAck(expectations, facts),
    // A name on the root bus is one device's only.
    present: (expectations.devices ?? []).flatMap(({ idstr }) => idstr === undefined ? [] : [{ idstr, instanceId: 0 }]),
    device(idstr, instanceId): DeviceSettings | undefined {
      const known = expectationFor(expectations, idstr);
      if (known === undefined && expectations.devicesAreAll) return undefined;
      return {
        name: known?.name ?? idstr.replace(/\/vfio$/, ""),
        multifdTransfer: known?.overMultifd?.value ?? auto.multifdTransfer,
        gate: profile.gate && (known?.configAfterIter?.value ?? auto.gate),
        limits: {
          bytes: profile.sizeLimit ? known?.maxQueuedSize?.value ?? Infinity : Infinity,
          buffers: options.maxQueuedBuffers ?? Infinity,
        },
        // The destination's driver is taken for the source's.
        precopy: facts.devices.find((one) => one.idstr === idstr && one.instanceId === instanceId)?.precopy ?? true,
        p2p: true,
      };
    },
  };
}

/** A version without what a package adds to it. */
function numbersOf(version = ""): string | undefined {
  return /^\d+(\.\d+)+/.exec(version)?.[0];
}

function isArm(arch: string | undefined, shown: boolean): boolean {
  return arch === undefined ? shown : arch === "arm" || arch === "aarch64";
}

/** Whether a device has to agree to the switchover. A stream that ends before it names any tells nothing of them. */
function needsAck({ devices = [], devicesAreAll }: Expectations, facts: StreamFacts): boolean {
  if (devicesAreAll && devices.length === 0) return false;
  return facts.devices.length === 0 ? devices.length > 0 : facts.devices.some(({ precopy }) => precopy);
}
