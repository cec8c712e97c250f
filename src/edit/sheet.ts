import type { ReadChannel } from "../capture/mod.ts";
import type { RecordSection } from "../report/records/mod.ts";
import type { BaseRecord } from "../stream/mod.ts";
import type { ByteSource } from "../capture/mod.ts";
import type { VmsdDescription } from "../wire/mod.ts";

/** A section of a main channel whose header an edit is for. */
export interface Frame {
  /** Everything of it, header and footer included, in order. */
  readonly slips: Slip[];
  readonly header: Slip;
  footer?: Slip;
}

/** A stretch of a channel: a record that an edit can change, or what lies between two of those. */
export interface Slip {
  /** Where it was read. */
  readonly track: Track;
  /** Its first byte there. */
  readonly offset: number;
  /** Its bytes there. */
  readonly length: number;
  /** The record as it is now; undefined for what lies between. */
  record?: BaseRecord;
  /** The record as it was read. */
  readonly original?: BaseRecord;
  /** Section that it is a part of. */
  readonly section?: RecordSection;
  /** FULL sections of that name and instance before this one. */
  readonly ordinal?: number;
  /** SYNC packets before it on its channel. */
  readonly round?: number;
  /** Fields that an edit has set: no repair touches them. */
  own: Set<string>;
  /** What is carried instead of the record's payload. */
  data?: Uint8Array;
  /** How its body is laid out, where an edit has made a field longer or shorter than the capture says. */
  layout?: VmsdDescription;
  /** The section that it is a part of, where the header is a slip, too. */
  frame?: Frame;
  /** The package that it is in. */
  readonly pack?: Slip;
  /** The block that a page behind it would continue: that of its last page. */
  block?: string;
  /** Only so many of its bytes are left, and the channel ends. */
  cut?: number;
  /** Left out. */
  dropped: boolean;
  /** The bytes of its channel that had to arrive before it did; those of itself if absent. */
  arrival?: { readonly from: number; readonly to: number };
  /** A copy of another one. */
  readonly copy: boolean;
}

/** A channel, and the stretches that it now consists of. */
export interface Track {
  readonly entry: ReadChannel;
  readonly source: ByteSource;
  slips: Slip[];
  /** All of it was left out. */
  gone: boolean;
  /** mapped-ram: behind the last byte of a block's pages. */
  mappedEnd: number;
}

/** Whether anything of a slip's bytes is not as it was read. */
export function isChanged(slip: Slip): boolean {
  return slip.record !== slip.original || slip.data !== undefined;
}
