import { type ByteSource, readBytes, type ReadChannel } from "../../capture/values.ts";
import type {
  BaseRecord,
  MultifdRamRecord,
  RamMappedBlockRecord,
  RamMappedDataRecord,
  RamPageRecord,
} from "../../stream/mod.ts";
import { multifdBlockName } from "../../wire/mod.ts";
import type { RowSink } from "./tables.ts";

/** What page records are called in the table. */
const KINDS: { readonly [kind: string]: string } = {
  "ram-page": "normal",
  "ram-zero": "zero",
  "ram-xbzrle": "xbzrle",
  "ram-compress-page": "compressed",
};

/** Bytes of a bitmap that are looked at at once. */
const PIECE = 64 * 1024;

/** Pages that follow each other. */
interface Run {
  readonly kind: string;
  readonly start: number | bigint;
  readonly pages: number;
}

/** Makes a row of each run of pages: alike, and one behind the other in their block. */
export class PageRuns {
  readonly #sink: RowSink;
  #block: RamMappedBlockRecord | undefined;

  /** Rows go to `sink`. */
  constructor(sink: RowSink) {
    this.#sink = sink;
  }

  /** Looks at a record of any channel. */
  add(record: BaseRecord, { label, channel }: ReadChannel): void {
    const row = (block: string, { kind, start, pages }: Run, pageSize: number): void =>
      this.#sink("ram_pages", {
        channel: label,
        block,
        kind,
        start,
        pages,
        page_size: pageSize,
        stream_offset: record.offset,
      });
    const kind = KINDS[record.kind];
    if (kind !== undefined) {
      // A difference or a compressed page is one page: it has no count.
      const { block, pageOffset, pageSize, count = 1 } = record as BaseRecord & Partial<RamPageRecord> & RamPageRecord;
      return row(block, { kind, start: pageOffset, pages: count }, pageSize);
    }
    if (record.kind === "multifd-ram") {
      const packet = record as MultifdRamRecord;
      const block = multifdBlockName(packet);
      for (const run of packetRuns(packet)) row(block, run, packet.pageSize);
    } else if (record.kind === "ram-mapped-block") this.#block = record as RamMappedBlockRecord;
    else if (record.kind === "ram-mapped-bitmap" && this.#block !== undefined && channel.source !== undefined) {
      const { block, mapped: { pageSize } } = this.#block;
      for (const run of bitmapRuns(record as RamMappedDataRecord, pageSize, channel.source)) row(block, run, pageSize);
    }
  }
}

function* packetRuns(packet: MultifdRamRecord): Generator<Run> {
  const { normalPages, zeroPages, pageOffsets, exactOffsets } = packet;
  // A packet can claim four thousand million pages, and has places for some hundred.
  const all = Math.min(normalPages + zeroPages, pageOffsets.length);
  const normal = Math.min(normalPages, all);
  for (let first = 0; first < all;) {
    const end = first < normal ? normal : all;
    let next = first + 1;
    while (next < end && follows(packet, next)) next++;
    const start = exactOffsets?.[first] ?? pageOffsets[first] ?? 0;
    yield { kind: first < normal ? "multifd-normal" : "multifd-zero", start, pages: next - first };
    first = next;
  }
}

/** Whether a page of a packet stands behind the one before. */
function follows({ pageOffsets, exactOffsets, pageSize }: MultifdRamRecord, index: number): boolean {
  if (exactOffsets !== undefined) return exactOffsets[index] === (exactOffsets[index - 1] ?? 0n) + BigInt(pageSize);
  return pageOffsets[index] === (pageOffsets[index - 1] ?? 0) + pageSize;
}

/** As a host with little-endian words writes it. */
function* bitmapRuns({ payload }: RamMappedDataRecord, pageSize: number, source: ByteSource): Generator<Run> {
  let [page, first] = [0, -1];
  const run = (): Run => ({ kind: "mapped", start: first * pageSize, pages: page - first });
  const end = payload.offset + payload.length;
  for (let offset = payload.offset; offset < end; offset += PIECE) {
    for (const byte of readBytes(source, offset, Math.min(PIECE, end - offset))) {
      for (let bit = 0; bit < 8; bit++, page++) {
        const isSet = (byte >> bit & 1) === 1;
        if (isSet && first < 0) first = page;
        else if (!isSet && first >= 0) {
          yield run();
          first = -1;
        }
      }
    }
  }
  if (first >= 0) yield run();
}
