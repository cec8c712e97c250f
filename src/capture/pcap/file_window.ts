import type { ByteSource } from "../source.ts";

/** Bytes of the file that are in memory at a time. */
const WINDOW = 1024 * 1024;

/** A part of a file that moves forward over it, for whoever reads it once from its start to its end. */
export class FileWindow {
  /** The bytes of the part. Only up to {@linkcode end} are they of the file. */
  readonly bytes: Uint8Array;
  /** The same bytes. */
  readonly view: DataView;
  /** Index after the last byte that is of the file. */
  end = 0;
  readonly #source: ByteSource;
  /** Where in the file the part begins. */
  #start = 0;

  /** A window over `source` that holds up to `size` bytes. */
  constructor(source: ByteSource, size: number = WINDOW) {
    this.#source = source;
    this.bytes = new Uint8Array(Math.min(size, Math.max(source.size, 1)));
    this.view = new DataView(this.bytes.buffer);
  }

  /** Bytes of the file. */
  get size(): number {
    return this.#source.size;
  }

  /**
   * Has the bytes from `offset` on in memory, `length` of them or all that are there; `length` must be much smaller than
   * the window. Indexes that were given before are void.
   *
   * @returns The index in {@linkcode bytes} of the byte at `offset`.
   */
  load(offset: number, length: number): number {
    const index = offset - this.#start;
    if (index >= 0 && index + Math.min(length, this.size - offset) <= this.end) return index;
    this.#start = offset;
    this.end = 0;
    while (this.end < this.bytes.length) {
      const count = this.#source.readAt(offset + this.end, this.bytes.subarray(this.end));
      if (count === 0) break;
      this.end += count;
    }
    return 0;
  }
}
