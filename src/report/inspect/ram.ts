import { type ByteSource, readBytes } from "../../capture/values.ts";
import type {
  BaseRecord,
  MultifdRamRecord,
  RamBlockListRecord,
  RamMappedBlockRecord,
  RamMappedDataRecord,
  RamPageRecord,
} from "../../stream/mod.ts";
import { multifdBlockName, type RamBlockEntry } from "../../wire/mod.ts";
import type { PageCounts, RamBlockSummary } from "./model.ts";

function noPages(): PageCounts {
  return {
    normal: 0,
    zero: 0,
    xbzrle: 0,
    compressed: 0,
    multifdNormal: 0,
    multifdZero: 0,
    preempt: 0,
    mapped: 0,
  };
}

/** Names that are believed to be those of blocks: packets on a broken channel can name anything. */
const BLOCK_LIMIT = 10_000;

/** Bytes of a bitmap that are looked at at once: one of a TiB of RAM has 32 MiB. */
const BITMAP_PIECE = 64 * 1024;

/** Counts pages by block and kind, over all channels. */
export class RamTally {
  readonly #entries = new Map<string, RamBlockEntry>();
  readonly #pages = new Map<string, PageCounts>();
  /** Pages that the last bitmap names. */
  #mapped = 0;

  /** Counts a record; `source` is where the bitmap of a mapped-ram file is read from. */
  add(record: BaseRecord, role: string, source: ByteSource | undefined): void {
    switch (record.kind) {
      case "ram-page":
      case "ram-zero":
        return this.#run(record as RamPageRecord, role);
      case "ram-xbzrle":
        this.#of((record as RamPageRecord).block).xbzrle++;
        return;
      case "ram-compress-page":
        this.#of((record as RamPageRecord).block).compressed++;
        return;
      case "multifd-ram": {
        const packet = record as MultifdRamRecord;
        if (packet.normalPages === 0 && packet.zeroPages === 0) return;
        const pages = this.#of(multifdBlockName(packet));
        pages.multifdNormal += packet.normalPages;
        pages.multifdZero += packet.zeroPages;
        return;
      }
      case "ram-block-list":
        for (const entry of (record as RamBlockListRecord).blocks) this.#entries.set(entry.block, entry);
        return;
      case "ram-mapped-block": {
        const entry = record as RamMappedBlockRecord;
        this.#entries.set(entry.block, entry);
        return;
      }
      case "ram-mapped-bitmap":
        return this.#bitmap(record as RamMappedDataRecord, source);
      case "ram-mapped-pages":
        this.#of((record as RamMappedDataRecord).block).mapped += this.#mapped;
        return;
    }
  }

  #run(run: RamPageRecord, role: string): void {
    const pages = this.#of(run.block);
    if (role === "preempt") pages.preempt += run.count;
    else if (run.kind === "ram-page") pages.normal += run.count;
    else pages.zero += run.count;
  }

  /** Counts the pages of a bitmap, which come after it. */
  #bitmap({ payload }: RamMappedDataRecord, source: ByteSource | undefined): void {
    this.#mapped = 0;
    if (source === undefined) return;
    const end = payload.offset + payload.length;
    for (let offset = payload.offset; offset < end; offset += BITMAP_PIECE) {
      const piece = readBytes(source, offset, Math.min(BITMAP_PIECE, end - offset));
      for (const byte of piece) this.#mapped += bitCount(byte);
    }
  }

  #of(block: string): PageCounts {
    let pages = this.#pages.get(block);
    if (pages === undefined) {
      pages = noPages();
      if (this.#pages.size < BLOCK_LIMIT) this.#pages.set(block, pages);
    }
    return pages;
  }

  /** The result: the blocks of the list, then what pages came for that is in none. */
  summary(): RamBlockSummary[] {
    const listed = [...this.#entries.values()].map((entry): RamBlockSummary => ({
      name: entry.block,
      usedLength: entry.usedLength,
      ...(entry.hostPageSize === undefined ? {} : { hostPageSize: entry.hostPageSize }),
      ...(entry.address === undefined ? {} : { address: entry.address }),
      pages: this.#pages.get(entry.block) ?? noPages(),
    }));
    const others = [...this.#pages].filter(([name]) => !this.#entries.has(name));
    return [...listed, ...others.map(([name, pages]) => ({ name, usedLength: 0, pages }))];
  }
}

function bitCount(byte: number): number {
  let count = 0;
  for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}
