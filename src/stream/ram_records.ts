import type { ByteRange } from "../bytes/mod.ts";
import type { MappedRamHeader, RamBlockEntry } from "../wire/mod.ts";
import type { BaseRecord } from "./record.ts";

/** Fields that all page records share. */
export interface PageFields extends BaseRecord {
  /** Block, also where the name is not on the wire. */
  readonly block: string;
  /** Flags of the first page's word; those after it have CONTINUE. */
  readonly flags: number;
  /** Offset of the first page in its block. */
  readonly pageOffset: number;
  /** Target page size in bytes. */
  readonly pageSize: number;
}

/** Pages that follow each other in the stream and in their block, each with its header. */
export interface RamPageRecord extends PageFields {
  /** Which kind of record. */
  readonly kind: "ram-page";
  /** Number of pages, at least 1. */
  readonly count: number;
}

/** Zero pages that follow each other in the stream and in their block. */
export interface RamZeroRecord extends PageFields {
  /** Which kind of record. */
  readonly kind: "ram-zero";
  /** Number of pages, at least 1. */
  readonly count: number;
  /** The byte that fills them. */
  readonly fill: number;
}

/** A page as a difference. */
export interface RamXbzrleRecord extends PageFields {
  /** Which kind of record. */
  readonly kind: "ram-xbzrle";
  /** 1. */
  readonly encoding: number;
  /** Bytes of encoded data. */
  readonly encodedLength: number;
  /** The bytes that are carried. */
  readonly payload: ByteRange;
}

/** A zlib-compressed page. */
export interface RamCompressedRecord extends PageFields {
  /** Which kind of record. */
  readonly kind: "ram-compress-page";
  /** Bytes of the zlib stream. */
  readonly compressedLength: number;
  /** The bytes that are carried. */
  readonly payload: ByteRange;
}

/** The block list. */
export interface RamBlockListRecord extends BaseRecord {
  /** Which kind of record. */
  readonly kind: "ram-block-list";
  /** `RAM_SAVE_FLAG` bits. */
  readonly flags: number;
  /** Total bytes of all blocks. */
  readonly pageOffset: number;
  /** The entries; with mapped-ram they are records of their own. */
  readonly blocks: readonly RamBlockEntry[];
}

/** EOS, MULTIFD_FLUSH or HOOK. */
export interface RamMarkRecord extends BaseRecord {
  /** Which kind of record. */
  readonly kind: "ram-eos" | "ram-multifd-flush" | "ram-hook";
  /** `RAM_SAVE_FLAG` bits. */
  readonly flags: number;
  /** Offset part of the word; QEMU takes no notice of it. */
  readonly pageOffset: number;
}

/** A block's entry in a mapped-ram file; its bitmap, a gap and its pages are the records after it. */
export interface RamMappedBlockRecord extends BaseRecord, RamBlockEntry {
  /** Which kind of record. */
  readonly kind: "ram-mapped-block";
  /** The mapped-ram header. */
  readonly mapped: MappedRamHeader;
}

/** Bitmap, gap or pages of a mapped-ram block. */
export interface RamMappedDataRecord extends BaseRecord {
  /** Which kind of record. */
  readonly kind: "ram-mapped-bitmap" | "ram-mapped-gap" | "ram-mapped-pages";
  /** Name of the block. */
  readonly block: string;
  /** The bytes that are carried. */
  readonly payload: ByteRange;
}

/** Any record of a RAM body. */
export type RamRecord =
  | RamPageRecord
  | RamZeroRecord
  | RamXbzrleRecord
  | RamCompressedRecord
  | RamBlockListRecord
  | RamMarkRecord
  | RamMappedBlockRecord
  | RamMappedDataRecord;

/**
 * Where the contents of page `index` of a run stand. Only the first page of a run can have a name before it.
 *
 * @param record The run.
 * @param index Which of its pages, from 0 on.
 * @returns The place in the channel, bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { pageContents, type RamPageRecord } from "@migwire/migwire/stream";
 *
 * const run: RamPageRecord = {
 *   kind: "ram-page",
 *   offset: 100,
 *   length: 2 * 4104,
 *   block: "pc.ram",
 *   flags: 0x28,
 *   pageOffset: 0,
 *   pageSize: 4096,
 *   count: 2,
 * };
 * assertEquals(pageContents(run, 1), { offset: 100 + 4104 + 8, length: 4096 });
 * ```
 */
export function pageContents(record: RamPageRecord, index: number): ByteRange {
  const fromEnd = (record.count - index) * (8 + record.pageSize);
  return { offset: record.offset + record.length - fromEnd + 8, length: record.pageSize };
}
