import { SegmentList } from "./segment_list.ts";
import { TCP_FLAG, type TcpSegment } from "./tcp_segment.ts";

/** How a direction of a connection was closed. */
export interface StreamEnd {
  /** FIN, or RST. */
  readonly kind: "end" | "reset";
  /** Stream offset after the last byte. */
  readonly offset: number;
  /** When. */
  readonly time: number;
}

/**
 * Data that comes before all that was seen is of the same connection if it is not further away than this: a connection
 * whose beginning was not captured gives no other hint.
 */
const BEFORE_FIRST = 64 * 1024 * 1024;

/** A repetition is looked for in so many pieces. */
const REPEATED_PIECES = 256;

/** One direction of a TCP connection: where its bytes are in a file. */
export class TcpStream {
  /** Who sends. */
  readonly from: string;
  /** When something was seen of it first. */
  readonly first: number;
  /** When something was seen of it last. */
  last: number;
  /** How it was closed. */
  closed: StreamEnd | undefined;
  /** Stream offset of its first byte, where its SYN was captured. */
  origin: number | undefined;
  /** What came in order: each piece begins where the one before ends, or after a gap. */
  #pieces = new SegmentList();
  /** What came later than something that belongs behind it, as it came. */
  #late = new SegmentList();
  /** Stream offset after the last byte that was sent, captured or not. */
  #sent = 0;
  /** A sequence number, and its stream offset, near to which the next one is; undefined before the first. */
  #near: { sequence: number; offset: number } | undefined;

  /** A stream of which the first packet was seen at `time`. */
  constructor(from: string, time: number) {
    this.from = from;
    this.first = time;
    this.last = time;
  }

  /** Whether any data was sent. */
  get isSilent(): boolean {
    return this.#pieces.length === 0 && this.#sent <= (this.origin ?? 0);
  }

  /** Adds what a segment holds. Gives the stream offset of its data. */
  add(segment: TcpSegment, time: number): number {
    const isSyn = (segment.flags & TCP_FLAG.SYN) !== 0;
    const start = this.#offsetOf(segment.sequence + (isSyn ? 1 : 0));
    if (isSyn) this.origin = start;
    this.last = Math.max(this.last, time);
    if ((segment.flags & TCP_FLAG.FIN) !== 0) this.closed = { kind: "end", offset: start + segment.length, time };
    if ((segment.flags & TCP_FLAG.RST) !== 0) {
      this.closed ??= { kind: "reset", offset: start, time };
      // What a reset carries is a text for people, if anything.
      return start;
    }
    const near = this.#near;
    if (segment.length > 0 && near !== undefined) {
      near.sequence = segment.sequence + segment.length;
      near.offset = start + segment.length;
      this.#sent = Math.max(this.#sent, near.offset);
      this.#place(start, segment, time);
    }
    return start;
  }

  /** Whether a SYN with this number can be that of this stream. */
  isOwnSyn(sequence: number): boolean {
    if (this.#near === undefined) return true;
    const start = this.#distance(sequence + 1) + this.#near.offset;
    if (this.origin !== undefined) return start === this.origin;
    const lowest = this.#lowest();
    return start <= lowest && start >= lowest - BEFORE_FIRST;
  }

  /** Forgets all that it holds. */
  forget(): void {
    this.#pieces = new SegmentList();
    this.#late = new SegmentList();
  }

  /** Puts the pieces together. */
  assemble(): AssembledStream {
    const base = this.origin ?? this.#lowest();
    const isPlain = this.#late.length === 0 && (this.#pieces.length === 0 || this.#pieces.start(0) >= base);
    const pieces = isPlain ? this.#pieces : merge(this.#pieces, this.#late, base);
    const sent = this.closed?.kind === "end" ? Math.max(this.#sent, this.closed.offset) : this.#sent;
    return new AssembledStream(pieces, base, Math.max(0, sent - base));
  }

  /** RFC 9293 §3.4: sequence numbers are compared by their difference modulo 2^32. */
  #distance(sequence: number): number {
    return (sequence - (this.#near?.sequence ?? sequence)) | 0;
  }

  #offsetOf(sequence: number): number {
    this.#near ??= { sequence, offset: 0 };
    return this.#near.offset + this.#distance(sequence);
  }

  #place(start: number, { captured, position }: TcpSegment, time: number): void {
    const end = this.#pieces.length === 0 ? start : this.#pieces.end(this.#pieces.length - 1);
    const late = Math.max(0, Math.min(captured, end - start));
    if (late > 0 && !this.#isThere(start, start + late)) this.#late.add(start, late, position, time);
    if (captured > late) this.#pieces.add(start + late, captured - late, position + late, time);
  }

  /** Whether the bytes have come before, without a gap. */
  #isThere(start: number, end: number): boolean {
    let at = start;
    const first = this.#pieces.find(start);
    for (let i = first; i >= 0 && i < first + REPEATED_PIECES && i < this.#pieces.length; i++) {
      if (this.#pieces.start(i) > at) return false;
      at = Math.max(at, this.#pieces.end(i));
      if (at >= end) return true;
    }
    return false;
  }

  /** Where data begins as far as can be told; all that is far before the first that was seen is damage. */
  #lowest(): number {
    const first = this.#pieces.length === 0 ? 0 : this.#pieces.start(0);
    let lowest = first;
    for (let i = 0; i < this.#late.length; i++) {
      const start = this.#late.start(i);
      if (start < lowest && start >= first - BEFORE_FIRST) lowest = start;
    }
    return lowest;
  }
}

/** A stretch of a stream. */
export interface Gap {
  /** Where it begins. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** The pieces of a stream in their order, without overlaps. */
export class AssembledStream {
  /** The pieces; their offsets count from {@linkcode base}. */
  readonly pieces: SegmentList;
  /** Offset of the stream's first byte. */
  readonly base: number;
  /** Bytes that were sent, those that are lost among them. */
  readonly size: number;

  /** A stream of `size` bytes from `base` on. */
  constructor(pieces: SegmentList, base: number, size: number) {
    this.pieces = pieces;
    this.base = base;
    this.size = size;
  }

  /** Bytes that are in the file. */
  get captured(): number {
    let bytes = 0;
    for (let i = 0; i < this.pieces.length; i++) bytes += this.pieces.size(i);
    return bytes;
  }

  /** What is not in the file, in order. */
  *gaps(): Generator<Gap> {
    let end = 0;
    for (let i = 0; i < this.pieces.length; i++) {
      const start = this.pieces.start(i) - this.base;
      if (start > end) yield { offset: end, length: start - end };
      end = start + this.pieces.size(i);
    }
    if (this.size > end) yield { offset: end, length: this.size - end };
  }
}

/**
 * Fills the gaps between `pieces` with what came late. Of bytes that were sent twice those that came in order are taken,
 * else those of the piece that begins first.
 */
function merge(pieces: SegmentList, late: SegmentList, base: number): SegmentList {
  const order = Uint32Array.from({ length: late.length }, (_, i) => i)
    .sort((a, b) => late.start(a) - late.start(b) || a - b);
  const merged = new SegmentList();
  let at = base;
  const put = (list: SegmentList, index: number, limit: number): void => {
    const start = Math.max(list.start(index), at);
    const end = Math.min(list.end(index), limit);
    if (end <= start) return;
    merged.add(start, end - start, list.position(index) + start - list.start(index), list.time(index));
    at = end;
  };
  let next = 0;
  for (let i = 0; i < pieces.length; i++) {
    const start = pieces.start(i);
    for (let index = order[next]; at < start && index !== undefined && late.start(index) < start; index = order[next]) {
      put(late, index, start);
      if (late.end(index) > start) break;
      next++;
    }
    put(pieces, i, Infinity);
  }
  return merged;
}
