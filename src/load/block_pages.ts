import { createHash } from "node:crypto";
import type { WriteOrder } from "./write_order.ts";

/** Contents are kept in pieces of this size; those that nothing but zeros was written to are not kept. */
const CHUNK = 64 * 1024;

const ZEROS = new Uint8Array(CHUNK);

/** Contents of a page; `undefined` for zeros. */
export type PageContent = Uint8Array | undefined;

/**
 * The pages of one RAM block, as far as they have come. Writes may come in any order of channels: each page keeps what
 * is the latest by {@linkcode WriteOrder}.
 */
export class BlockPages {
  /** Name of the block. */
  readonly name: string;
  /** Bytes in use. */
  readonly usedLength: number;
  /** Page size in bytes. */
  readonly pageSize: number;
  readonly #chunks = new Map<number, Uint8Array>();
  /** When each page was written or thrown away last; 0: never. */
  readonly #intervals: Uint32Array;
  /** By which channel; 0: it never came, or was thrown away. */
  readonly #ranks: Uint16Array;
  /** Pages that got two contents in one interval, and none in a later one. */
  readonly #contested = new Set<number>();

  /** A block without any page; `pageSize` is a power of two, 256 to 65536. */
  constructor(name: string, usedLength: number, pageSize: number) {
    this.name = name;
    this.usedLength = usedLength;
    this.pageSize = pageSize;
    const pages = Math.ceil(usedLength / pageSize);
    this.#intervals = new Uint32Array(pages);
    this.#ranks = new Uint16Array(pages);
  }

  /** Whether a page at `offset` lies in the block. It need not be aligned: QEMU does not mind (multifd.md §4.1). */
  holds(offset: number): boolean {
    return offset + this.pageSize <= this.usedLength;
  }

  /** Writes a page at `offset`, which the block {@linkcode holds}, unless a later content is there already. */
  write(offset: number, content: PageContent, order: WriteOrder): void {
    for (let done = 0; done < this.pageSize;) {
      const at = offset + done;
      const length = Math.min(this.pageSize - done, this.pageSize - at % this.pageSize);
      const part = content?.subarray(done, done + length);
      if (this.#claim(at, length, part, order)) this.#put(at, length, part);
      done += length;
    }
  }

  /** Whether the page at `offset` has come. */
  has(offset: number): boolean {
    return this.#ranks[Math.floor(offset / this.pageSize)] !== 0;
  }

  /** Throws away all pages that lie in a range (main-channel.md §3.9). */
  discard(start: number, length: number, interval: number): void {
    const first = Math.ceil(start / this.pageSize);
    const end = Math.min(Math.floor((start + length) / this.pageSize), this.#ranks.length);
    for (let page = first; page < end; page++) {
      this.#intervals[page] = interval;
      this.#ranks[page] = 0;
      this.#contested.delete(page);
      this.#put(page * this.pageSize, this.pageSize, undefined);
    }
  }

  /** A copy of `length` bytes from `offset` on, fewer where the block ends. */
  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.usedLength - offset)));
    for (let done = 0; done < bytes.length;) {
      const at = offset + done;
      const within = at % CHUNK;
      const part = this.#chunks.get((at - within) / CHUNK)?.subarray(within, within + bytes.length - done);
      if (part !== undefined) bytes.set(part, done);
      done += CHUNK - within;
    }
    return bytes;
  }

  /** SHA-256 of the whole block, hexadecimal. */
  sha256(): string {
    const hash = createHash("sha256");
    for (let at = 0; at < this.usedLength; at += CHUNK) {
      const chunk = this.#chunks.get(at / CHUNK) ?? ZEROS;
      hash.update(chunk.subarray(0, this.usedLength - at));
    }
    return hash.digest("hex");
  }

  /** Pages that have not come, or were thrown away and did not come again. */
  countMissing(): number {
    let count = 0;
    for (const rank of this.#ranks) if (rank === 0) count++;
    return count;
  }

  /** Offsets of pages whose content is not defined: two channels wrote different ones between two barriers. */
  contested(): number[] {
    return [...this.#contested].map((page) => page * this.pageSize);
  }

  /** Whether a write counts, which is then noted as the page's last. */
  #claim(at: number, length: number, part: PageContent, { interval, rank }: WriteOrder): boolean {
    const page = Math.floor(at / this.pageSize);
    const lastInterval = this.#intervals[page] ?? 0;
    const lastRank = this.#ranks[page] ?? 0;
    if (lastRank !== 0 && lastRank !== rank && lastInterval === interval) {
      if (!equal(this.read(at, length), part)) this.#contested.add(page);
    } else if (lastInterval < interval) this.#contested.delete(page);
    if (lastInterval > interval || (lastInterval === interval && lastRank > rank)) return false;
    this.#intervals[page] = interval;
    this.#ranks[page] = rank;
    return true;
  }

  /** Stores bytes of one page, which lie in one chunk. */
  #put(at: number, length: number, part: PageContent): void {
    const within = at % CHUNK;
    const number = (at - within) / CHUNK;
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) {
      if (part === undefined || equal(part, undefined)) return;
      chunk = new Uint8Array(CHUNK);
      this.#chunks.set(number, chunk);
    }
    if (part === undefined) chunk.fill(0, within, within + length);
    else chunk.set(part, within);
  }
}

/** Whether `bytes` are those of `content`. */
function equal(bytes: Uint8Array, content: PageContent): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== (content?.[i] ?? 0)) return false;
  return true;
}
