import type { MultifdCompression } from "../../wire/mod.ts";
import type { QueueLimits } from "./buffer_queue.ts";
import type { QemuProfile } from "./profile.ts";

/** What a destination was told about one VFIO device. */
export interface DeviceSettings {
  /** What QEMU calls it in messages. */
  readonly name: string;
  /** It loads its state from multifd channels: `x-migration-multifd-transfer`, with auto resolved (vfio.md §7.2). */
  readonly multifdTransfer: boolean;
  /** Its config waits for CONFIG_LOAD_READY: `x-migration-load-config-after-iter`, with auto resolved. */
  readonly gate: boolean;
  /** Bounds of its queue. */
  readonly limits: QueueLimits;
  /** Its kernel driver can give state while the guest runs: it needs a switchover acknowledgement. */
  readonly precopy: boolean;
  /** Its kernel driver knows P2P states. */
  readonly p2p: boolean;
}

/** Points at which the main channel waits for all multifd channels (destination-engine.md C.4). */
export type BarrierStyle =
  /** MULTIFD_FLUSH records; machine types from 8.1 on. */
  | "flush"
  /** The end of each RAM section; machine types up to 8.0. */
  | "section";

/** How a destination is set up. */
export interface DestinationSettings {
  /** What its version does. */
  readonly profile: QemuProfile;
  /** Capability multifd. */
  readonly multifd: boolean;
  /** Parameter multifd-channels. */
  readonly channels: number;
  /** Parameter multifd-compression; none if absent. */
  readonly compression?: MultifdCompression;
  /** Capability mapped-ram: there are no multifd connections then. */
  readonly mappedRam?: boolean;
  /** Where the main channel waits. */
  readonly barriers: BarrierStyle;
  /** Capability switchover-ack. */
  readonly switchoverAck: boolean;
  /** A device of the destination has to agree to the switchover; only with switchoverAck. */
  readonly needsAck: boolean;
  /** VFIO devices that the destination has for sure, be they in the stream or not; those in the stream if absent. */
  readonly present?: readonly { readonly idstr: string; readonly instanceId: number }[];
  /** The VFIO device behind a section; undefined if the destination has none of that name and instance. */
  device(idstr: string, instanceId: number): DeviceSettings | undefined;
}

/** What a version does not know it does not heed: a gate and a limit of bytes before 10.1. */
export function forVersion(settings: DeviceSettings, { profile }: DestinationSettings): DeviceSettings {
  const { gate, limits } = settings;
  return {
    ...settings,
    gate: gate && profile.gate,
    limits: profile.sizeLimit ? limits : { ...limits, bytes: Infinity },
  };
}

/** Whether multifd channels can carry device state (vfio.md §7.2). */
export function canTransferDevices(
  { profile, multifd, mappedRam, compression = "none" }: DestinationSettings,
): boolean {
  return profile.multifdTransfer && multifd && mappedRam !== true && compression === "none";
}
