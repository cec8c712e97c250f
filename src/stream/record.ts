import type { ByteRange } from "../bytes/mod.ts";

/**
 * A stretch of a channel that is one thing. Records tile the channel: the first starts at 0, each starts where the one
 * before ended. The fields of the wire structure stand beside the three of this interface.
 */
export interface BaseRecord {
  /** What it is, kebab-case; decides which other fields there are. */
  readonly kind: string;
  /** Channel offset of the first byte. */
  readonly offset: number;
  /** Number of bytes, payload included. */
  readonly length: number;
  /** Bytes that are carried, not interpreted: page contents, device state. At the end of the record. */
  readonly payload?: ByteRange;
}

/** Input ended inside a record. The last record of a channel that was cut. */
export interface TruncatedRecord extends BaseRecord {
  /** Which kind of record. */
  readonly kind: "truncated";
  /** What the bytes are the beginning of. */
  readonly expected: string;
  /** Bytes that would have completed what was being read; more may have had to follow. */
  readonly missing: number;
  /** The record whose payload was cut, when its header was whole. */
  readonly cut?: BaseRecord;
}

/** Bytes that nothing describes. */
export interface OpaqueRecord extends BaseRecord {
  /** Which kind of record. */
  readonly kind: "opaque";
  /** Why they were not understood. */
  readonly reason: string;
}
