import type { ReadChannel } from "../capture/values.ts";
import { isTargetPageSize, type RamBlockEntry } from "../wire/mod.ts";
import { BlockPages, type PageContent } from "./block_pages.ts";
import type { Problems } from "./problems.ts";
import type { WriteOrder } from "./write_order.ts";

/** Bytes of RAM that are put together if nothing else is asked for: 4 GiB. */
export const RAM_LIMIT: number = 4 * 1024 ** 3;

/** Page size of targets whose pages never came. */
const USUAL_PAGE_SIZE = 4096;

/**
 * A machine has more RAM than is allowed to be put together.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { openCapture } from "@migwire/migwire/capture";
 * import { assembleRam, RamLimitError } from "@migwire/migwire/load";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * const error = await assertRejects(() => assembleRam(capture, { limit: 4096 }), RamLimitError);
 * assertEquals(error.limit, 4096);
 * capture.close();
 * ```
 */
export class RamLimitError extends Error {
  /** The class's name. */
  override readonly name = "RamLimitError";
  /** Bytes that the capture's RAM takes at least. */
  readonly needed: number;
  /** Bytes that are allowed. */
  readonly limit: number;

  /** The error for a capture whose RAM takes `needed` bytes where `limit` are allowed. */
  constructor(needed: number, limit: number) {
    super(`Cannot put the RAM together: it takes ${needed} bytes or more, allowed are ${limit}`);
    this.needed = needed;
    this.limit = limit;
  }
}

/** Where a page is from, for findings and for its order. */
export interface PageOrigin {
  /** Channel that it came on. */
  readonly channel: ReadChannel;
  /** Channel offset of its record. */
  readonly offset: number;
  /** When it is loaded. */
  readonly order: WriteOrder;
}

/** The blocks that the block list names. Everything that is written to RAM goes through here and is checked. */
export class RamBlocks {
  readonly #limit: number;
  readonly #problems: Problems;
  readonly #lengths = new Map<string, number>();
  readonly #pages = new Map<string, BlockPages>();
  #total = 0;
  #pageSize: number | undefined;

  /** No blocks yet; at most `limit` bytes of them. */
  constructor(limit: number, problems: Problems) {
    this.#limit = limit;
    this.#problems = problems;
  }

  /** Takes note of a block. Throws {@linkcode RamLimitError} if there is too much RAM now. */
  declare({ block, usedLength }: RamBlockEntry, channel: ReadChannel, offset: number): void {
    const known = this.#lengths.get(block);
    if (known !== undefined) {
      if (known === usedLength) return;
      const message = `block ${JSON.stringify(block)} has ${usedLength} bytes, ${known} when it was named before`;
      return this.#problems.note(channel, offset, { code: "block-length", message });
    }
    this.#total += usedLength;
    if (this.#total > this.#limit) throw new RamLimitError(this.#total, this.#limit);
    this.#lengths.set(block, usedLength);
  }

  /** The block that pages of `pageSize` bytes are to be written to; undefined, with a finding, if that cannot be. */
  find(name: string, pageSize: number, { channel, offset }: PageOrigin): BlockPages | undefined {
    const usedLength = this.#lengths.get(name);
    if (usedLength === undefined) {
      const message = `no block ${JSON.stringify(name)} is in the list: pages left out`;
      this.#problems.note(channel, offset, { code: "unknown-block", message });
      return undefined;
    }
    this.#pageSize ??= isTargetPageSize(pageSize) ? pageSize : undefined;
    if (pageSize !== this.#pageSize) {
      const message = `pages of ${pageSize} bytes left out` +
        (this.#pageSize === undefined ? ": no target has such" : `: those before had ${this.#pageSize}`);
      this.#problems.note(channel, offset, { code: "page-size", message });
      return undefined;
    }
    return this.#pagesOf(name, usedLength, pageSize);
  }

  /** The pages of a block that pages were written to. */
  written(name: string): BlockPages | undefined {
    return this.#pages.get(name);
  }

  /** Writes one page; if it does not lie in its block, that is a finding. */
  write(block: BlockPages, pageOffset: number, content: PageContent, { channel, offset, order }: PageOrigin): void {
    if (block.holds(pageOffset)) return block.write(pageOffset, content, order);
    this.#problems.note(channel, offset, {
      code: "page-outside",
      message: `page at ${pageOffset} left out: block ${JSON.stringify(block.name)} has ${block.usedLength} bytes`,
    });
  }

  /** All blocks, in the order of the list. */
  all(pageSize?: number): BlockPages[] {
    const known = this.#pageSize ?? (pageSize !== undefined && isTargetPageSize(pageSize) ? pageSize : USUAL_PAGE_SIZE);
    return [...this.#lengths].map(([name, usedLength]) => this.#pagesOf(name, usedLength, known));
  }

  #pagesOf(name: string, usedLength: number, pageSize: number): BlockPages {
    let pages = this.#pages.get(name);
    if (pages === undefined) {
      pages = new BlockPages(name, usedLength, pageSize);
      this.#pages.set(name, pages);
    }
    return pages;
  }
}
