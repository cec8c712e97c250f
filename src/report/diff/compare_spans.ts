import { hexText } from "../../bytes/mod.ts";
import { createHash } from "node:crypto";
import { equals } from "@std/bytes/equals";
import type { BytesValue, RangeDifference } from "./model.ts";
import type { Span } from "./span.ts";

/** Bytes that are looked at at a time. */
const PIECE = 256 * 1024;

/** Ranges that are kept. */
const RANGE_LIMIT = 1000;

/** Bytes of a range that are shown. */
const SHOWN = 32;

/** What differs between two stretches of bytes. */
export interface SpanDifference {
  /** The first in short. */
  readonly a: BytesValue;
  /** The second in short. */
  readonly b: BytesValue;
  /** What differs. */
  readonly ranges: readonly RangeDifference[];
  /** Ranges beside those. */
  readonly moreRanges: number;
}

/** Compares two spans, in memory that does not grow with them; undefined if they are the same. */
export function compareSpans(a: Span, b: Span): SpanDifference | undefined {
  const [left, right] = [new PieceReader(a), new PieceReader(b)];
  const ranges = new RangeCollector();
  for (let offset = 0;;) {
    const length = Math.min(left.available, right.available);
    if (length === 0) break;
    ranges.compare(offset, left.take(length), right.take(length));
    offset += length;
  }
  ranges.tails(Math.min(a.length, b.length), left, right);
  if (ranges.count === 0) return undefined;
  return {
    a: { bytes: a.length, sha256: left.digest() },
    b: { bytes: b.length, sha256: right.digest() },
    ranges: ranges.list,
    moreRanges: ranges.count - ranges.list.length,
  };
}

/** Bytes of a span in short. */
export function describeSpan(span: Span): BytesValue {
  const reader = new PieceReader(span);
  while (reader.available > 0) reader.take(reader.available);
  return { bytes: span.length, sha256: reader.digest() };
}

/** Gives the bytes of a span in the lengths that are asked for, and hashes them. */
class PieceReader {
  readonly #pieces: Generator<Uint8Array>;
  readonly #hash = createHash("sha256");
  #piece = new Uint8Array(0) as Uint8Array;

  constructor(span: Span) {
    this.#pieces = span.pieces(PIECE);
  }

  /** Bytes that can be taken now; 0 at the end. */
  get available(): number {
    while (this.#piece.length === 0) {
      const next = this.#pieces.next();
      if (next.done === true) return 0;
      this.#piece = next.value;
      this.#hash.update(this.#piece);
    }
    return this.#piece.length;
  }

  take(length: number): Uint8Array {
    const taken = this.#piece.subarray(0, length);
    this.#piece = this.#piece.subarray(length);
    return taken;
  }

  digest(): string {
    return this.#hash.digest("hex");
  }
}

/** Collects stretches that differ; one that goes on in the next piece is one. */
class RangeCollector {
  readonly list: { offset: number; length: number; a: string; b: string }[] = [];
  count = 0;
  /** Where the last range ends. */
  #end = -1;

  compare(offset: number, a: Uint8Array, b: Uint8Array): void {
    if (equals(a, b)) return;
    for (let i = 0; i < a.length;) {
      if (a[i] === b[i]) {
        i++;
        continue;
      }
      const start = i;
      while (i < a.length && a[i] !== b[i]) i++;
      this.#add(offset + start, a.subarray(start, i), b.subarray(start, i));
    }
  }

  /** What one span has beyond the end of the other. */
  tails(offset: number, a: PieceReader, b: PieceReader): void {
    const none = new Uint8Array(0);
    let at = offset;
    for (let length = a.available; length > 0; at += length, length = a.available) this.#add(at, a.take(length), none);
    for (let length = b.available; length > 0; at += length, length = b.available) this.#add(at, none, b.take(length));
  }

  #add(offset: number, a: Uint8Array, b: Uint8Array): void {
    const length = Math.max(a.length, b.length);
    const last = this.list.at(-1);
    const joins = offset === this.#end;
    this.#end = offset + length;
    if (joins) {
      if (last === undefined || this.count > this.list.length) return;
      last.length += length;
      last.a = joined(last.a, a);
      last.b = joined(last.b, b);
      return;
    }
    this.count++;
    if (this.list.length < RANGE_LIMIT) this.list.push({ offset, length, a: joined("", a), b: joined("", b) });
  }
}

function joined(hex: string, more: Uint8Array): string {
  return hex + hexText(more.subarray(0, Math.max(0, SHOWN - hex.length / 2)));
}
