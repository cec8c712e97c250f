import type { BlockPages } from "./block_pages.ts";

/** A RAM block after loading. */
export interface RamBlock {
  /** QEMU's name. */
  readonly name: string;
  /** Bytes in use. */
  readonly usedLength: number;
  /** Not in the stream: memory that source and destination share (capability x-ignore-shared). */
  readonly ignored: boolean;
  /**
   * Pages that never came, or were thrown away and did not come again. They are zero here; a destination without
   * postcopy keeps what its own firmware put there.
   */
  readonly pagesNeverSent: number;
  /** A copy of `length` bytes from `offset` on, fewer where the block ends. */
  read(offset: number, length: number): Uint8Array;
  /** SHA-256 of the whole block, hexadecimal; computed anew by each call. */
  sha256(): string;
}

/** The block that `pages` have become. */
export function toRamBlock(pages: BlockPages, ignoresShared: boolean): RamBlock {
  const missing = pages.countMissing();
  return {
    name: pages.name,
    usedLength: pages.usedLength,
    // Nothing in the stream tells which blocks are shared; of any other all pages are sent, if only as zeros.
    ignored: ignoresShared && missing * pages.pageSize >= pages.usedLength,
    pagesNeverSent: missing,
    read: (offset, length) => pages.read(offset, length),
    sha256: () => pages.sha256(),
  };
}
