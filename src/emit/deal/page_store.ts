import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import type { Item } from "../item.ts";
import { DealError } from "./deal_error.ts";

/** Pages of packets, in memory. They are compressed, the fastest way. */
export class PageStore {
  readonly #limit: number;
  readonly #pages = new Map<Item, Uint8Array>();
  #held = 0;

  /** A store for at most `limit` bytes, compressed. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether there is nothing in it. */
  get isEmpty(): boolean {
    return this.#pages.size === 0;
  }

  /** Stores the pages of a packet. Throws {@linkcode DealError} `too-large` if they are too many. */
  put(item: Item, pages: Uint8Array): void {
    const frame = zstdCompressSync(pages, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
    this.hold(frame.length);
    this.#pages.set(item, frame);
  }

  /** Takes out the pages of a packet; undefined if there are none of it. */
  take(item: Item): Uint8Array | undefined {
    const frame = this.#pages.get(item);
    if (frame === undefined) return undefined;
    this.#pages.delete(item);
    this.#held -= frame.length;
    return zstdDecompressSync(frame);
  }

  /** Counts bytes that are held elsewhere because of it. Throws {@linkcode DealError} `too-large` if they are too many. */
  hold(bytes: number): void {
    this.#held += bytes;
    if (this.#held <= this.#limit) return;
    throw new DealError(
      "too-large",
      `Cannot deal compressed packets to other channels: compressed anew, they take more than ${this.#limit} bytes of memory`,
      "allow more, or send the channels as they were recorded",
    );
  }
}
