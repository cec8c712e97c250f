import { inflateSync } from "node:zlib";
import {
  pageContents,
  type RamCompressedRecord,
  type RamPageRecord,
  type RamXbzrleRecord,
  type RamZeroRecord,
} from "../stream/mod.ts";
import { decodeXbzrle, XbzrleError } from "../wire/mod.ts";
import type { BlockPages } from "./block_pages.ts";
import { readRange } from "./channel_bytes.ts";
import type { Problems } from "./problems.ts";
import type { PageOrigin, RamBlocks } from "./ram_blocks.ts";

/** A record of the main or preempt channel that brings pages. */
export type PageRecord = RamPageRecord | RamZeroRecord | RamXbzrleRecord | RamCompressedRecord;

/** Bytes of a run of pages that are read at a time. */
const BATCH = 256 * 1024;

/** Loads the page records of main, recovery and preempt channels (main-channel.md §5.3 to §5.6). */
export class PageRecords {
  readonly #blocks: RamBlocks;
  readonly #problems: Problems;

  /** Writes to `blocks`. */
  constructor(blocks: RamBlocks, problems: Problems) {
    this.#blocks = blocks;
    this.#problems = problems;
  }

  /** Loads one record. */
  load(record: PageRecord, origin: PageOrigin): void {
    const block = this.#blocks.find(record.block, record.pageSize, origin);
    if (block === undefined) return;
    switch (record.kind) {
      case "ram-page":
        return this.#pages(block, record, origin);
      case "ram-zero":
        return this.#zeros(block, record, origin);
      case "ram-xbzrle":
        return this.#difference(block, record, origin);
      case "ram-compress-page":
        return this.#compressed(block, record, origin);
    }
  }

  #pages(block: BlockPages, run: RamPageRecord, origin: PageOrigin): void {
    const step = 8 + run.pageSize;
    const batch = Math.ceil(BATCH / step);
    for (let first = 0; first < run.count; first += batch) {
      const count = Math.min(batch, run.count - first);
      const { offset } = pageContents(run, first);
      const bytes = readRange(origin.channel, { offset, length: count * step - 8 });
      for (let i = 0; i < count; i++) {
        const page = bytes.subarray(i * step, i * step + run.pageSize);
        this.#blocks.write(block, run.pageOffset + (first + i) * run.pageSize, page, origin);
      }
    }
  }

  /** QEMU up to 8.1 fills with any byte; later ones refuse all but 0, which reading tells. */
  #zeros(block: BlockPages, run: RamZeroRecord, origin: PageOrigin): void {
    const content = run.fill === 0 ? undefined : new Uint8Array(run.pageSize).fill(run.fill);
    for (let i = 0; i < run.count; i++) {
      this.#blocks.write(block, run.pageOffset + i * run.pageSize, content, origin);
    }
  }

  #difference(block: BlockPages, record: RamXbzrleRecord, origin: PageOrigin): void {
    if (block.holds(record.pageOffset) && !block.has(record.pageOffset)) {
      this.#problems.warn(origin.channel, record.offset, {
        code: "xbzrle-base",
        message: "an XBZRLE difference to a page that never came: it is taken for zero",
      });
    }
    const page = block.read(record.pageOffset, record.pageSize);
    try {
      const encoded = readRange(origin.channel, record.payload);
      for (const { at, bytes } of decodeXbzrle(encoded, page.length)) page.set(bytes, at);
    } catch (error) {
      if (!(error instanceof XbzrleError)) throw error;
      return this.#problems.note(origin.channel, record.offset, {
        code: "xbzrle",
        message: `XBZRLE page left out: ${error.message}`,
        qemu: `Failed to decompress XBZRLE page at ${record.pageOffset.toString(16)}`,
      });
    }
    this.#blocks.write(block, record.pageOffset, page, origin);
  }

  #compressed(block: BlockPages, record: RamCompressedRecord, origin: PageOrigin): void {
    const page = inflatePage(readRange(origin.channel, record.payload), record.pageSize);
    if (page !== undefined) return this.#blocks.write(block, record.pageOffset, page, origin);
    this.#problems.note(origin.channel, record.offset, {
      code: "compressed-page",
      message: "compressed page left out: it is no zlib stream of a page",
      qemu: "decompress data failed",
    });
  }
}

function inflatePage(stream: Uint8Array, pageSize: number): Uint8Array | undefined {
  try {
    const page = inflateSync(stream, { maxOutputLength: pageSize, chunkSize: pageSize });
    return page.length === pageSize ? page : undefined;
  } catch {
    return undefined;
  }
}
