import type { MultifdCompression } from "../wire/mod.ts";

/** A block of RAM in the stream. */
export interface NeededBlock {
  /** Its name. */
  readonly name: string;
  /** Bytes of it in use. */
  readonly usedLength: number;
}

/** A VFIO device in the stream. */
export interface NeededDevice {
  /** Name of its section. */
  readonly idstr: string;
  /** Instance of its section. */
  readonly instanceId: number;
  /** Where its state travels; undefined if there is none in the stream. */
  readonly state?: "multifd" | "main";
  /** The stream tells when its config may be loaded: `x-migration-load-config-after-iter` is on. */
  readonly configAfterIter: boolean;
  /** Bytes that its queue holds at most: all data of its packets. */
  readonly queuedBytes: number;
}

/** What a stream asks of its destination, as far as the stream shows it. */
export interface StreamNeeds {
  /** Machine type, full name. */
  readonly machine?: string;
  /** UUID in the initial packets of the multifd channels, or in the configuration; lower case with dashes. */
  readonly uuid?: string;
  /** Blocks of RAM. */
  readonly blocks: readonly NeededBlock[];
  /** multifd channels; 0 without. */
  readonly multifdChannels: number;
  /** Compression of multifd packets. */
  readonly compression: MultifdCompression;
  /**
   * Capabilities by their names that the destination must have: `multifd`, `postcopy-ram`, `postcopy-preempt`,
   * `switchover-ack`, `dirty-bitmaps`, `x-ignore-shared`, `validate-uuid`.
   */
  readonly capabilities: readonly string[];
  /** It opens a return path. */
  readonly returnPath: boolean;
  /** It has SWITCHOVER_START. */
  readonly switchoverStart: boolean;
  /** VFIO devices. */
  readonly devices: readonly NeededDevice[];
  /** It is whole: with the EOF byte, and with all of what is behind it. */
  readonly whole: boolean;
}
