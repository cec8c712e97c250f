import { type ByteSource, readBytes } from "../capture/values.ts";
import type { RamMappedBlockRecord, RamMappedDataRecord } from "../stream/mod.ts";
import type { ByteRange } from "../bytes/mod.ts";
import type { BlockPages } from "./block_pages.ts";
import { channelBytes } from "./channel_bytes.ts";
import type { Problems } from "./problems.ts";
import type { PageOrigin, RamBlocks } from "./ram_blocks.ts";

/** Byte order of the words of a mapped-ram file's bitmaps: that of the host that wrote it. */
export type BitmapOrder = "little" | "big";

/** A block of a mapped-ram file. */
interface MappedBlock {
  readonly name: string;
  readonly usedLength: number;
  readonly pageSize: number;
  readonly bitmap: ByteRange;
  readonly origin: PageOrigin;
  pages?: ByteRange;
}

/** Loads the pages of a mapped-ram file (main-channel.md §12.2), once all its blocks are known. */
export class MappedRam {
  readonly #blocks: RamBlocks;
  readonly #problems: Problems;
  readonly #mapped = new Map<string, MappedBlock>();
  /** The entry that was read last. */
  #entry: RamMappedBlockRecord | undefined;

  /** Writes to `blocks`. */
  constructor(blocks: RamBlocks, problems: Problems) {
    this.#blocks = blocks;
    this.#problems = problems;
  }

  /** Takes the entry of a block; its bitmap and its pages are the next records. */
  enter(entry: RamMappedBlockRecord): void {
    this.#entry = entry;
  }

  /** Takes a block's bitmap or pages, the latter also if the file ends in them. */
  add({ kind, block: name, payload }: RamMappedDataRecord, origin: PageOrigin): void {
    const entry = this.#entry;
    if (kind === "ram-mapped-pages") {
      const block = this.#mapped.get(name);
      if (block !== undefined) block.pages = payload;
    } else if (kind === "ram-mapped-bitmap" && entry !== undefined) {
      const { usedLength, mapped: { pageSize } } = entry;
      this.#mapped.set(name, { name, usedLength, pageSize, bitmap: payload, origin });
    }
  }

  /**
   * Loads all pages. The words' byte order is found out if it is not given. `ignoresShared`: a block of which no page is
   * in the file may be one that is not migrated.
   */
  finish(order: BitmapOrder | undefined, ignoresShared: boolean): void {
    const found = order ?? this.#guessOrder();
    for (const mapped of this.#mapped.values()) {
      const block = this.#blocks.find(mapped.name, mapped.pageSize, mapped.origin);
      if (block === undefined || mapped.pages === undefined) continue;
      const bitmap = readBytes(channelBytes(mapped.origin.channel), mapped.bitmap.offset, mapped.bitmap.length);
      if (ignoresShared && bitmap.every((byte) => byte === 0)) continue;
      this.#load(block, mapped.pages, (page) => isSet(bitmap, page, found), mapped.origin);
    }
  }

  #load(block: BlockPages, pages: ByteRange, isThere: (page: number) => boolean, origin: PageOrigin): void {
    const { pageSize } = block;
    const source = channelBytes(origin.channel);
    let missing = 0;
    for (let page = 0; block.holds(page * pageSize); page++) {
      const pageOffset = page * pageSize;
      // The file may hold stale data where the bit is clear: the page is zero.
      const content = isThere(page) ? readBytes(source, pages.offset + pageOffset, pageSize) : undefined;
      if (content === undefined || content.length === pageSize) {
        this.#blocks.write(block, pageOffset, content, origin);
      } else missing++;
    }
    if (missing === 0) return;
    this.#problems.note(origin.channel, pages.offset, {
      code: "page-missing",
      message: `the file ends before ${missing} pages of block ${JSON.stringify(block.name)} that its bitmap names`,
    });
  }

  /**
   * Bits behind a bitmap's last page are never set, unless the words are read the wrong way round. Where no block tells,
   * little-endian: hosts that are not are rare.
   */
  #guessOrder(): BitmapOrder {
    let stray = 0;
    for (const { bitmap, usedLength, pageSize, origin } of this.#mapped.values()) {
      const last = lastWord(channelBytes(origin.channel), bitmap);
      const inWord = Math.ceil(usedLength / pageSize) % 64;
      if (inWord === 0) continue;
      for (let bit = inWord; bit < 64; bit++) {
        if (isSet(last, bit, "little")) stray++;
        if (isSet(last, bit, "big")) stray--;
      }
    }
    return stray > 0 ? "big" : "little";
  }
}

function lastWord(source: ByteSource, bitmap: ByteRange): Uint8Array {
  return readBytes(source, bitmap.offset + bitmap.length - 8, 8);
}

/** Whether the bit of `page` is set, in words of 64 bits. */
function isSet(bitmap: Uint8Array, page: number, order: BitmapOrder): boolean {
  const byte = page >>> 3;
  return ((bitmap[order === "little" ? byte : byte ^ 7] ?? 0) >> (page & 7) & 1) !== 0;
}
