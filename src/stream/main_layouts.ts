import {
  blockMigrationRecord,
  command,
  configuration,
  dirtyBitmapRecord,
  endOfStream,
  fileHeader,
  htabChunk,
  htabHeader,
  longSectionHeader,
  ramBlockEntry,
  ramBlockList,
  ramCompressPage,
  ramMark,
  ramPageHeader,
  ramXbzrle,
  ramZero,
  sectionFooter,
  shortSectionHeader,
  storageAttributes,
  storageKeys,
  struct,
  todClock,
  vmDescriptionHeader,
} from "../wire/mod.ts";
import type { Layouts } from "./layouts.ts";
import type { RamBlockListRecord, RamMappedBlockRecord } from "./ram_records.ts";
import type { BaseRecord } from "./record.ts";

/** Layout of records that are payload and nothing else. */
const payloadOnly = struct<Record<never, never>>("data", []);

/** Layouts of the records of a main or preempt channel whose shape their kind says. */
const BY_KIND: Layouts = {
  "file-header": fileHeader,
  "configuration": configuration,
  "section-start": longSectionHeader,
  "section-full": longSectionHeader,
  "section-part": shortSectionHeader,
  "section-end": shortSectionHeader,
  "section-footer": sectionFooter,
  "command": command,
  "eof": endOfStream,
  "vm-description": vmDescriptionHeader,
  "device-state": payloadOnly,
  "ram-page": ramPageHeader,
  "ram-zero": ramZero,
  "ram-xbzrle": ramXbzrle,
  "ram-compress-page": ramCompressPage,
  "ram-eos": ramMark,
  "ram-multifd-flush": ramMark,
  "ram-hook": ramMark,
  "ram-mapped-bitmap": payloadOnly,
  "ram-mapped-gap": payloadOnly,
  "ram-mapped-pages": payloadOnly,
  "dirty-bitmap": dirtyBitmapRecord,
  "htab-header": htabHeader,
  "htab-chunk": htabChunk,
  "s390-storage-attributes": storageAttributes,
  "s390-skeys": storageKeys,
  "todclock": todClock,
  "block-migration": blockMigrationRecord,
};

/**
 * The layout of a record of a main or preempt channel. That of a block list depends on what the stream said before it,
 * which the record's own values show.
 */
export function mainLayout(record: BaseRecord): Layouts[string] | undefined {
  if (record.kind === "ram-block-list") {
    const { blocks, pageOffset } = record as RamBlockListRecord;
    return ramBlockList({
      addresses: blocks.some((block) => block.address !== undefined),
      mapped: blocks.length === 0 && pageOffset > 0,
      hostPageSizes: blocks.reduce((all, block) => all | BigInt(block.hostPageSize ?? 0), 0n),
    });
  }
  if (record.kind === "ram-mapped-block") {
    const { address } = record as RamMappedBlockRecord;
    return ramBlockEntry({ addresses: address !== undefined, mapped: true, hostPageSizes: 0n });
  }
  return BY_KIND[record.kind];
}
