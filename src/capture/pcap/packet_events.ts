import type { Direction } from "../direction.ts";
import type { CaptureEvent } from "../events.ts";
import type { AssembledStream, StreamEnd } from "./tcp_stream.ts";

/** A direction of a connection whose events are wanted. */
export interface TimedStream {
  /** Number of the connection. */
  readonly channel: number;
  /** Which way. */
  readonly direction: Direction;
  /** When the connection was opened. */
  readonly opened: number;
  /** Its bytes. */
  readonly bytes: AssembledStream;
  /** How far they can be read. */
  readonly size: number;
  /** How it was closed, if all of it can be read. */
  readonly closed: StreamEnd | undefined;
}

/**
 * When the bytes of a migration were seen on the wire, in the order in which they could be read: what comes before a lost
 * packet's repetition has no use before it. Made of the pieces' times each time they are asked for.
 */
export class PacketEvents implements Iterable<CaptureEvent> {
  readonly #streams: readonly TimedStream[];

  /** The events of `streams`. */
  constructor(streams: readonly TimedStream[]) {
    this.#streams = streams;
  }

  /** The events, in the order of their times, which count from the first connection's opening. */
  *[Symbol.iterator](): Generator<CaptureEvent> {
    const zero = this.#streams.reduce((first, { opened }) => Math.min(first, opened), Infinity);
    const cursors = this.#streams.map((stream) => new Cursor(stream, zero));
    for (;;) {
      let next: Cursor | undefined;
      for (const cursor of cursors) if (cursor.time < (next?.time ?? Infinity)) next = cursor;
      if (next === undefined) return;
      yield next.take();
    }
  }
}

/** Walks over one stream. */
class Cursor {
  /** When its next event is; infinite when there is none. */
  time: number;
  readonly #stream: TimedStream;
  readonly #zero: number;
  /** The next piece; -1 before the connection was opened, Infinity when it is closed. */
  #piece: number;

  constructor(stream: TimedStream, zero: number) {
    this.#stream = stream;
    this.#zero = zero;
    this.#piece = stream.direction === "s2d" ? -1 : 0;
    this.time = this.#from(stream.opened);
    if (this.#piece === 0) this.#wait();
  }

  take(): CaptureEvent {
    const { channel, direction, bytes, size, closed } = this.#stream;
    const { time } = this;
    const piece = this.#piece++;
    if (piece < 0) {
      this.#wait();
      return { kind: "open", time, channel };
    }
    if (this.#isClosing(piece)) {
      this.#piece = Infinity;
      this.#wait();
      const error = closed?.kind === "reset" ? { error: "Connection reset by peer" } : {};
      return { kind: closed?.kind ?? "end", time, channel, direction, offset: size, ...error };
    }
    const offset = bytes.pieces.start(piece) - bytes.base;
    this.#wait();
    return {
      kind: "data",
      time,
      channel,
      direction,
      offset,
      length: Math.min(bytes.pieces.size(piece), size - offset),
    };
  }

  /** Whether nothing is left but the end. */
  #isClosing(piece: number): boolean {
    const { pieces, base } = this.#stream.bytes;
    return piece >= pieces.length || pieces.start(piece) - base >= this.#stream.size;
  }

  #wait(): void {
    const { bytes, closed } = this.#stream;
    let next: number | undefined;
    if (this.#piece === Infinity) next = undefined;
    else if (this.#isClosing(this.#piece)) next = closed?.time;
    else next = bytes.pieces.time(this.#piece);
    this.time = next === undefined ? Infinity : Math.max(this.time, this.#from(next));
  }

  /** Whole nanoseconds since the start: a damaged time is none. */
  #from(time: number): number {
    const since = Math.round(time - this.#zero);
    return Number.isSafeInteger(since) ? Math.max(0, since) : 0;
  }
}
