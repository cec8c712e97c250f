/** Bodies of the sections that QEMU codes by hand and that have no state beyond themselves (main-channel.md §7). @module */

import {
  BLK_MIG_BLOCK_BYTES,
  BLK_MIG_FLAG,
  blockMigrationFlags,
  type BlockMigrationRecord,
  blockMigrationRecord,
  HTAB_ENTRY_BYTES,
  HTAB_NONE,
  type HtabChunk,
  htabChunk,
  type HtabHeader,
  htabHeader,
  type PageValues,
  pageValuesFlags,
  SECTION_TYPES,
  SKEYS_FLAG,
  STATTRIB_FLAG,
  storageAttributes,
  storageKeys,
  type TodClock,
  todClock,
} from "../wire/mod.ts";
import type { ChannelReader } from "./channel_reader.ts";
import type { BaseRecord } from "./record.ts";
import type { SectionBody } from "./section_body.ts";

/** First word of a `spapr/htab` body. */
export interface HtabHeaderRecord extends BaseRecord, HtabHeader {
  /** Which kind of record. */
  readonly kind: "htab-header";
}

/** A chunk of the hash table; its entries are the payload. */
export interface HtabChunkRecord extends BaseRecord, HtabChunk {
  /** Which kind of record. */
  readonly kind: "htab-chunk";
}

/** Body of a `spapr/htab` section (§7.1). */
export class HtabBody implements SectionBody {
  readonly #start: boolean;
  #inChunks = false;

  /** A body of a START section, or of another one. */
  constructor(start: boolean) {
    this.#start = start;
  }

  /** What comes next. */
  get expecting(): string {
    return this.#inChunks ? "htab chunk" : "htab header";
  }

  /** Reads one record. */
  step(reader: ChannelReader): boolean {
    const decoder = reader.decoder;
    const offset = decoder.offset;
    if (!this.#inChunks) {
      const fields = htabHeader.read(decoder);
      const { header } = fields;
      if (header !== 0 && header !== HTAB_NONE && !(this.#start && header <= 64)) {
        decoder.fail({ code: "htab-header", offset, field: "header", message: `htab header is ${header}` });
      }
      const record: HtabHeaderRecord = { ...fields, kind: "htab-header", offset, length: 4 };
      reader.emit(record);
      this.#inChunks = header === 0;
      return header !== 0;
    }
    const fields = htabChunk.read(decoder);
    const payload = { offset: decoder.offset, length: fields.validCount * HTAB_ENTRY_BYTES };
    const record: HtabChunkRecord = { ...fields, kind: "htab-chunk", offset, length: 8 + payload.length, payload };
    const last = fields.index === 0 && fields.validCount === 0 && fields.invalidCount === 0;
    if (last) this.#inChunks = false;
    reader.pass(record);
    return last;
  }
}

/** A record of storage attributes or keys; the values are the payload. */
export interface PageValuesRecord extends BaseRecord, PageValues {
  /** Which kind of record. */
  readonly kind: "s390-storage-attributes" | "s390-skeys";
}

function pageValuesRecord(
  reader: ChannelReader,
  kind: PageValuesRecord["kind"],
  fields: PageValues,
  offset: number,
): void {
  const count = Number(fields.count ?? 0n);
  const header = reader.decoder.offset - offset;
  const payload = { offset: reader.decoder.offset, length: count };
  const record: PageValuesRecord = {
    ...fields,
    kind,
    offset,
    length: header + count,
    ...(fields.count === undefined ? {} : { payload }),
  };
  reader.pass(record);
}

/** Body of an `s390-storage_attributes` section (§7.2). */
export class StorageAttributesBody implements SectionBody {
  readonly expecting = "storage attributes";

  /** Reads one record. */
  step(reader: ChannelReader): boolean {
    const decoder = reader.decoder;
    const offset = decoder.offset;
    const fields = storageAttributes.read(decoder);
    const flags = pageValuesFlags(fields);
    // Some older sources end with DONE and leave EOS out: then the footer follows at once.
    const over = flags === STATTRIB_FLAG.EOS ||
      (flags === STATTRIB_FLAG.DONE && decoder.canPeek(1) && decoder.bytes[decoder.pos] === SECTION_TYPES.FOOTER);
    pageValuesRecord(reader, "s390-storage-attributes", fields, offset);
    return over;
  }
}

/** Body of an `s390-skeys` section (§7.3). */
export class StorageKeysBody implements SectionBody {
  readonly expecting = "storage keys";

  /** Reads one record. */
  step(reader: ChannelReader): boolean {
    const offset = reader.decoder.offset;
    const fields = storageKeys.read(reader.decoder);
    const flags = pageValuesFlags(fields);
    pageValuesRecord(reader, "s390-skeys", fields, offset);
    return flags !== SKEYS_FLAG.SKEYS;
  }
}

/** Body of `todclock` (§7.4). */
export interface TodClockRecord extends BaseRecord, TodClock {
  /** Which kind of record. */
  readonly kind: "todclock";
}

/** Body of a `todclock` section. */
export class TodClockBody implements SectionBody {
  readonly expecting = "todclock";

  /** Reads the only record. */
  step(reader: ChannelReader): boolean {
    const offset = reader.decoder.offset;
    const fields = todClock.read(reader.decoder);
    const record: TodClockRecord = { ...fields, kind: "todclock", offset, length: reader.decoder.offset - offset };
    reader.emit(record);
    return true;
  }
}

/** A record of live block migration; a block's contents are the payload. */
export interface BlockMigrationStreamRecord extends BaseRecord, BlockMigrationRecord {
  /** Which kind of record. */
  readonly kind: "block-migration";
}

/** Body of a `block` section (§7.5). */
export class BlockMigrationBody implements SectionBody {
  readonly expecting = "block migration record";

  /** Reads one record. */
  step(reader: ChannelReader): boolean {
    const decoder = reader.decoder;
    const offset = decoder.offset;
    const fields = blockMigrationRecord.read(decoder);
    const flags = blockMigrationFlags(fields);
    const header = decoder.offset - offset;
    const length = flags === BLK_MIG_FLAG.DEVICE_BLOCK ? BLK_MIG_BLOCK_BYTES : 0;
    const record: BlockMigrationStreamRecord = {
      ...fields,
      kind: "block-migration",
      offset,
      length: header + length,
      ...(length === 0 ? {} : { payload: { offset: decoder.offset, length } }),
    };
    reader.pass(record);
    return flags === BLK_MIG_FLAG.EOS;
  }
}
