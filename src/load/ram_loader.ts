import type { ReadChannel } from "../capture/values.ts";
import type {
  BaseRecord,
  CommandRecord,
  MigrationState,
  MultifdRamRecord,
  RamBlockListRecord,
  RamMappedBlockRecord,
  RamMappedDataRecord,
  TruncatedRecord,
} from "../stream/mod.ts";
import { MIG_CMD } from "../wire/mod.ts";
import type { BlockPages } from "./block_pages.ts";
import { type BitmapOrder, MappedRam } from "./mapped_ram.ts";
import { MultifdPages } from "./multifd_pages.ts";
import { type PageRecord, PageRecords } from "./page_records.ts";
import type { Problems } from "./problems.ts";
import { type PageOrigin, RAM_LIMIT, RamBlocks } from "./ram_blocks.ts";
import { IntervalClock, LAST_RANK, POSTCOPY_INTERVAL } from "./write_order.ts";

/** How RAM is put together. */
export interface RamOptions {
  /** Bytes of RAM that the capture's machine may have; 4 GiB if absent. */
  readonly limit?: number;
  /** Target page size in bytes, where the user says it. */
  readonly pageSize?: number;
  /** Byte order of the bitmaps in a mapped-ram file; found out if absent. */
  readonly bitmapOrder?: BitmapOrder;
}

/** Rank of the main channel and of the recovery connections that go on for it. */
const MAIN_RANK = 1;

/** Loads the RAM of a capture from the records of its channels, in the order in which `readCapture` gives them. */
export class RamLoader {
  readonly #problems: Problems;
  readonly #bitmapOrder: BitmapOrder | undefined;
  readonly #blocks: RamBlocks;
  readonly #pages: PageRecords;
  readonly #mapped: MappedRam;
  readonly #clock = new IntervalClock();
  readonly #multifd = new Map<ReadChannel, MultifdPages>();
  readonly #ranks = new Map<ReadChannel, number>();
  /** The migration whose RAM it is. */
  #main: ReadChannel | undefined;
  /** Barriers are MULTIFD_FLUSH records, not the ends of sections (main-channel.md §5.9). */
  #flushes = false;

  /** Nothing loaded yet. */
  constructor(problems: Problems, { limit = RAM_LIMIT, bitmapOrder }: RamOptions = {}) {
    this.#problems = problems;
    this.#bitmapOrder = bitmapOrder;
    this.#blocks = new RamBlocks(limit, problems);
    this.#pages = new PageRecords(this.#blocks, problems);
    this.#mapped = new MappedRam(this.#blocks, problems);
  }

  /** Loads a record; one that does not concern RAM changes nothing. Throws `RamLimitError`, `CaptureError`. */
  add(record: BaseRecord, channel: ReadChannel): void {
    switch (channel.identity.role) {
      case "main":
        if (this.#main === undefined) this.#main = channel;
        if (channel === this.#main) return this.#addMain(record, channel);
        return this.#skipMigration(record, channel);
      case "recovery":
        return this.#addMain(record, channel);
      case "preempt":
        return this.#addPages(record, { channel, offset: record.offset, order: this.#preemptOrder(channel) });
      case "multifd":
        return this.#addMultifd(record, channel);
    }
  }

  /** Loads what could not be loaded before all was read. */
  async finish(state: MigrationState): Promise<BlockPages[]> {
    for (const channel of this.#multifd.values()) await channel.finish();
    this.#mapped.finish(this.#bitmapOrder, state.capabilities.has("x-ignore-shared"));
    this.#compareBarriers();
    const blocks = this.#blocks.all(state.pageSize);
    for (const block of blocks) this.#tellContested(block);
    return blocks;
  }

  #skipMigration(record: BaseRecord, channel: ReadChannel): void {
    if (record.kind !== "ram-block-list") return;
    const message = "another migration, whose RAM is left out";
    this.#problems.warn(channel, record.offset, { code: "second-main", message });
  }

  #addMain(record: BaseRecord, channel: ReadChannel): void {
    const { offset } = record;
    const { interval } = this.#clock;
    const origin: PageOrigin = { channel, offset, order: { interval, rank: MAIN_RANK } };
    switch (record.kind) {
      case "ram-block-list":
        for (const block of (record as RamBlockListRecord).blocks) this.#blocks.declare(block, channel, offset);
        return;
      case "ram-multifd-flush":
        this.#flushes = true;
        return this.#clock.barrier();
      case "ram-eos":
        // The first section of a RAM with MULTIFD_FLUSH has one already.
        if (!this.#flushes) this.#clock.barrier();
        return;
      case "command":
        return this.#command(record as CommandRecord, origin);
      case "ram-mapped-block":
        this.#blocks.declare(record as RamMappedBlockRecord, channel, offset);
        return this.#mapped.enter(record as RamMappedBlockRecord);
      case "ram-mapped-bitmap":
      case "ram-mapped-pages":
        return this.#mapped.add(record as RamMappedDataRecord, origin);
      case "truncated": {
        const { cut } = record as TruncatedRecord;
        if (cut?.kind === "ram-mapped-pages") this.#mapped.add(cut as RamMappedDataRecord, origin);
        return;
      }
    }
    this.#addPages(record, origin);
  }

  #addPages(record: BaseRecord, origin: PageOrigin): void {
    switch (record.kind) {
      case "ram-page":
      case "ram-zero":
      case "ram-xbzrle":
      case "ram-compress-page":
        this.#pages.load(record as PageRecord, origin);
    }
  }

  #command({ command, block, ranges }: CommandRecord, origin: PageOrigin): void {
    if (command === MIG_CMD.POSTCOPY_LISTEN) this.#clock.beginPostcopy();
    if (command !== MIG_CMD.POSTCOPY_RAM_DISCARD || block === undefined || ranges === undefined) return;
    // Without a page of it there is nothing to throw away, and no need to know the page size.
    const pages = this.#blocks.written(block);
    if (pages === undefined) return;
    for (const { start, length } of ranges) pages.discard(Number(start), Number(length), origin.order.interval);
  }

  #addMultifd(record: BaseRecord, channel: ReadChannel): void {
    let pages = this.#multifd.get(channel);
    if (pages === undefined) {
      pages = new MultifdPages(channel, this.#rank(channel), this.#blocks, this.#problems);
      this.#multifd.set(channel, pages);
    }
    if (record.kind === "multifd-sync") pages.clock.barrier();
    else if (record.kind === "multifd-ram") pages.load(record as MultifdRamRecord);
  }

  #preemptOrder(channel: ReadChannel): PageOrigin["order"] {
    return { interval: POSTCOPY_INTERVAL, rank: this.#rank(channel) };
  }

  #rank(channel: ReadChannel): number {
    let rank = this.#ranks.get(channel);
    if (rank === undefined) {
      rank = Math.min(MAIN_RANK + 1 + this.#ranks.size, LAST_RANK);
      this.#ranks.set(channel, rank);
    }
    return rank;
  }

  /** A destination would wait for ever; here it means that pages may have been put into the wrong interval. */
  #compareBarriers(): void {
    const { barriers } = this.#clock;
    for (const [channel, { clock }] of this.#multifd) {
      if (clock.barriers === barriers || this.#main === undefined) continue;
      const message = `${clock.barriers} SYNC packets, the main channel has ${barriers} places to wait for one: ` +
        "which of two contents of a page is the later one is not certain";
      this.#problems.warn(channel, 0, { code: "sync-count", message });
    }
  }

  #tellContested(block: BlockPages): void {
    const contested = block.contested();
    const [first] = contested;
    if (first === undefined || this.#main === undefined) return;
    this.#problems.warn(this.#main, 0, {
      code: "page-contested",
      message: `${contested.length} pages of block ${JSON.stringify(block.name)}, one at ${first}, have two contents ` +
        "on two channels between the same barriers: which one a destination keeps is chance",
    });
  }
}
