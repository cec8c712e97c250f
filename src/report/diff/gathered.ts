import type { ByteRange } from "../../bytes/mod.ts";
import type { ReadChannel } from "../../capture/values.ts";
import type { DeviceExtent, DirtyBitmapStreamRecord, TodClockRecord } from "../../stream/mod.ts";
import type { Command, Configuration, MultifdInit, RamBlockEntry, VfioConfig } from "../../wire/mod.ts";
import type { DiffPlace } from "./model.ts";

/** Something of the stream, and where it stands. */
export interface Placed<T> {
  /** The thing. */
  readonly value: T;
  /** Where it stands. */
  readonly place: DiffPlace;
}

/** What is kept of a capture to be compared: what is small, and where the rest lies. */
export interface Gathered {
  /** The configuration section. */
  configuration?: Placed<Configuration>;
  /** RAM blocks by name. */
  readonly blocks: Map<string, Placed<RamBlockEntry>>;
  /** Sections by name and instance. */
  readonly sections: Map<string, GatheredSection>;
  /** Commands by number, the first of each. */
  readonly commands: Map<number, GatheredCommand>;
  /** VFIO devices by name and instance. */
  readonly vfio: Map<string, GatheredVfio>;
  /** Dirty bitmaps by node and name. */
  readonly bitmaps: Map<string, GatheredBitmap>;
  /** State of the clock of s390. */
  todClock?: Placed<TodClockRecord>;
  /** The first packet of the first multifd channel. */
  multifd?: Placed<MultifdInit>;
  /** The main channel, whose migration it is. */
  main?: ReadChannel;
  /** Where the VM description is. */
  description?: DiffPlace;
  /** What there was no room for, and what is of another migration. */
  readonly leftOut: { readonly what: string; readonly place: DiffPlace; readonly reason: string }[];
}

/** A section. */
export interface GatheredSection {
  /** Name. */
  readonly idstr: string;
  /** Instance. */
  readonly instanceId: number;
  /** Version. */
  readonly versionId: number;
  /** Its first header. */
  readonly place: DiffPlace;
  /** What vmstate describes of it: more than one body where a stream has several sections of a name and instance. */
  readonly bodies: GatheredBody[];
  /** Records in it that are not compared. */
  unsupported?: DiffPlace;
}

/** The body of a section that vmstate describes. */
export interface GatheredBody {
  /** The channel. */
  readonly channel: ReadChannel;
  /** Where it lies. */
  readonly range: ByteRange;
  /** How its end was found. */
  readonly extent: DeviceExtent;
  /** Counts the sections of this name and instance before it. */
  readonly ordinal: number;
}

/** A command. */
export interface GatheredCommand {
  /** Its number. */
  readonly command: number;
  /** The first of it. */
  readonly first: Placed<Command>;
  /** Values of PINGs. */
  readonly pings: Set<number>;
}

/** A VFIO device. */
export interface GatheredVfio {
  /** Name of its section. */
  readonly idstr: string;
  /** Instance of its section. */
  readonly instanceId: number;
  /** Where it is named first. */
  readonly place: DiffPlace;
  /** Device data of the main channel while the guest ran. */
  readonly precopy: Extent[];
  /** Device data of the main channel while the guest stood still. */
  readonly stopCopy: Extent[];
  /** Buffers of multifd channels, by index. */
  readonly buffers: Map<number, Extent>;
  /** The config, and where it begins. */
  config?: Placed<VfioConfig>;
  /** Tags that say what the source does. */
  readonly tags: Map<"initDataSent" | "configLoadReady", DiffPlace>;
}

/** A stretch of a channel. */
export interface Extent extends ByteRange {
  /** The channel. */
  readonly channel: ReadChannel;
}

/** A dirty bitmap. */
export interface GatheredBitmap {
  /** Node alias. */
  readonly node: string;
  /** Bitmap alias. */
  readonly bitmap: string;
  /** The record that begins it. */
  start?: Placed<DirtyBitmapStreamRecord>;
  /** Its bits, by first sector; without bytes where all are zero. */
  readonly bits: Map<bigint, { readonly sectors: number; readonly place: DiffPlace; readonly extent?: Extent }>;
}

/** Things of a kind that are kept: real streams have hundreds, a hostile one could have millions. */
export const GATHER_LIMIT = 10_000;

/** Buffers of devices, and pieces of bitmaps, that are kept: a quarter of a TiB of state in buffers of 1 MiB. */
export const EXTENT_LIMIT: number = 1 << 18;
