import type { PageValuesRecord } from "../../stream/mod.ts";
import {
  BLK_MIG_FLAG,
  blockMigrationFlags,
  DIRTY_BITMAP_FLAG,
  HTAB_NONE,
  pageValuesFlags,
  SKEYS_FLAG,
  STATTRIB_FLAG,
} from "../../wire/mod.ts";
import type { OpenCodedRecord } from "./any_record.ts";
import {
  aside,
  bits,
  count,
  given,
  number,
  size,
  type Summaries,
  type SummaryField,
  text,
  word,
} from "./summary_field.ts";

/** Records of the sections that QEMU codes by hand and that carry no RAM. */
export const OPEN_CODED_SUMMARIES: Summaries<OpenCodedRecord["kind"]> = {
  "dirty-bitmap": (record) => [
    word(flagNames(record.flags, DIRTY_BITMAP_FLAG)),
    ...given(record.currentNode, (node) => [text("node", node)]),
    ...given(record.currentBitmap, (bitmap) => [text("bitmap", bitmap)]),
    ...given(record.granularity, (bytes) => [size("granularity", bytes)]),
    ...given(record.bitmapFlags, (flags) => [bits("bitmapFlags", flags)]),
    ...given(record.firstSector, (sector) => [number("firstSector", sector)]),
    ...given(record.sectorCount, (sectors) => [count("sectors", sectors)]),
    ...given(record.bufferLength, (bytes) => [size("bits", bytes)]),
  ],
  "htab-header": ({ header }) => {
    if (header === HTAB_NONE) return [word("no hash table")];
    return [header === 0 ? word("chunks follow") : number("log2Bytes", header)];
  },
  "htab-chunk": ({ index, validCount, invalidCount }) => [
    number("index", index),
    number("valid", validCount),
    number("invalid", invalidCount),
    ...(validCount + invalidCount + index === 0 ? [aside("end")] : []),
  ],
  "s390-storage-attributes": (record) => pageValues(record, STATTRIB_FLAG),
  "s390-skeys": (record) => pageValues(record, SKEYS_FLAG),
  "todclock": ({ present, high, low }) => [
    ...(present === 0 ? [word("no clock")] : []),
    ...given(high, (high) => [bits("high", high)]),
    ...given(low, (low) => [bits("low", low)]),
  ],
  "block-migration": ({ word: head, device }) => {
    const flags = blockMigrationFlags({ word: head });
    const above = head >> 9n;
    return [
      word(flagNames(flags, BLK_MIG_FLAG)),
      ...given(device, (device) => [text("device", device), number("sector", above)]),
      ...((flags & BLK_MIG_FLAG.PROGRESS) === 0 ? [] : [number("percent", above)]),
    ];
  },
};

function pageValues(record: PageValuesRecord, names: { readonly [name: string]: number }): SummaryField[] {
  return [
    word(flagNames(pageValuesFlags(record), names)),
    bits("address", record.word & ~0xfffn),
    ...given(record.count, (pages) => [count("pages", pages)]),
  ];
}

function flagNames(flags: number, names: { readonly [name: string]: number }): string {
  const set = Object.entries(names).filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
  return set.join("|") || "0";
}
