import type { BaseRecord, RamMappedDataRecord, RamMarkRecord, RamRecord } from "../../stream/mod.ts";
import { ramFlagNames } from "../../wire/mod.ts";
import { spanOf, summariseSpan } from "./page_span.ts";
import {
  bits,
  count,
  given,
  number,
  shortened,
  size,
  type Summaries,
  type SummaryField,
  text,
  word,
} from "./summary_field.ts";

/** Blocks of a list that are named: the large ones come first. */
const BLOCKS_SHOWN = 8;

/** Records of a RAM body. */
export const RAM_SUMMARIES: Summaries<RamRecord["kind"]> = {
  "ram-page": pages,
  "ram-zero": pages,
  "ram-xbzrle": (record) => [...pages(record), size("difference", record.encodedLength)],
  "ram-compress-page": (record) => [...pages(record), size("compressed", record.compressedLength)],
  "ram-block-list": ({ pageOffset, blocks }) => [
    size("total", pageOffset),
    ...(blocks.length === 0 ? [] : [count("blocks", blocks.length)]),
    ...shortened(blocks.map(({ block, usedLength }) => size(block, usedLength)), BLOCKS_SHOWN),
  ],
  "ram-eos": mark,
  "ram-multifd-flush": mark,
  "ram-hook": mark,
  "ram-mapped-block": ({ block, usedLength, address, mapped }) => [
    text("block", block),
    size("used", usedLength),
    ...given(address, (address) => [bits("address", address)]),
    number("pageSize", mapped.pageSize),
    bits("bitmapOffset", mapped.bitmapOffset),
    bits("pagesOffset", mapped.pagesOffset),
  ],
  "ram-mapped-bitmap": mappedData,
  "ram-mapped-gap": mappedData,
  "ram-mapped-pages": mappedData,
};

function pages(record: BaseRecord): SummaryField[] {
  return given(spanOf(record), summariseSpan);
}

function mark({ flags, pageOffset }: RamMarkRecord): SummaryField[] {
  return [word(ramFlagNames(flags)), ...(pageOffset === 0 ? [] : [bits("offset", pageOffset)])];
}

function mappedData({ block, payload }: RamMappedDataRecord): SummaryField[] {
  return [text("block", block), size("data", payload.length)];
}
