import type { ByteSource } from "../capture/mod.ts";

/** A stretch of an edited channel. */
export interface Span {
  /** Where its bytes are. */
  readonly source: ByteSource;
  /** The first of them there. */
  readonly offset: number;
  /** How many. */
  readonly length: number;
}

/** A bit that is not as it should be. */
export interface Flip {
  /** Byte of the channel. */
  readonly offset: number;
  /** The bits of it. */
  readonly mask: number;
}

/** Stretches one after the other: nothing of them is in memory. */
export class SpliceSource implements ByteSource {
  /** Number of bytes. */
  readonly size: number;
  readonly #spans: readonly Span[];
  /** Where each ends. */
  readonly #ends: readonly number[];
  #flips: readonly Flip[] = [];
  /** Where they are. */
  #places: readonly number[] = [];

  /** The bytes of `spans`. */
  constructor(spans: readonly Span[]) {
    let end = 0;
    this.#spans = spans;
    this.#ends = spans.map(({ length }) => end += length);
    this.size = end;
  }

  /** From now on these bits are others; in the order of their places, each byte once. */
  flip(flips: readonly Flip[]): void {
    this.#flips = flips;
    this.#places = flips.map(({ offset }) => offset);
  }

  /** Reads as `ByteSource` says. */
  readAt(offset: number, into: Uint8Array): number {
    let index = firstAbove(this.#ends, offset);
    let filled = 0;
    while (filled < into.length) {
      const span = this.#spans[index];
      const end = this.#ends[index];
      if (span === undefined || end === undefined) break;
      const skip = offset + filled - (end - span.length);
      const wanted = Math.min(into.length - filled, span.length - skip);
      const count = span.source.readAt(span.offset + skip, into.subarray(filled, filled + wanted));
      if (count === 0) break;
      filled += count;
      if (skip + count === span.length) index++;
    }
    this.#flipIn(offset, into.subarray(0, filled));
    return filled;
  }

  #flipIn(offset: number, bytes: Uint8Array): void {
    if (this.#flips.length === 0) return;
    for (let i = firstAbove(this.#places, offset - 1); i < this.#flips.length; i++) {
      const flip = this.#flips[i];
      if (flip === undefined || flip.offset >= offset + bytes.length) break;
      bytes[flip.offset - offset] = (bytes[flip.offset - offset] ?? 0) ^ flip.mask;
    }
  }

  /** Nothing to give back: the capture that was edited holds the files. */
  close(): void {}
}

/** The index of the first number above `value` in numbers that do not become less. */
function firstAbove(numbers: readonly number[], value: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? Infinity) > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
