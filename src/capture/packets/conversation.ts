import { type Endpoint, ethernetFrame, type Segment, TCP } from "./frame.ts";
import type { Direction } from "../direction.ts";

/** Receives a frame, and when it was seen. */
export type FrameSink = (frame: Uint8Array) => void;

/** Where a side's numbers begin: any number is right, and this one is easily seen. */
const FIRST_SEQUENCE = 1000;

/** Segments after which the other side says that it has them, though more follow. */
const ACKNOWLEDGE_AFTER = 16;

/** Connections of a migration go to one port of the destination. */
const DESTINATION_PORT = 4444;
const FIRST_SOURCE_PORT = 49152;

/** Addresses for documentation (RFC 5737), as nobody has them. */
const NETWORK = [192, 0, 2];

interface Side extends Endpoint {
  /** Number of its next byte. */
  next: number;
  /** It has closed its direction. */
  closed: boolean;
}

/** A TCP connection that is made up around the bytes that went over it. */
export class Conversation {
  readonly #sink: FrameSink;
  readonly #mss: number;
  readonly #sides: { readonly [direction in Direction]: Side };
  #identification = 0;
  #opened = false;
  #unacknowledged = 0;

  /**
   * A connection that is not open yet.
   *
   * @param index Its number.
   * @param mss Largest segment, bytes.
   * @param sink Receives the frames.
   */
  constructor(index: number, mss: number, sink: FrameSink) {
    this.#sink = sink;
    this.#mss = mss;
    this.#sides = {
      s2d: side(1, FIRST_SOURCE_PORT + index),
      d2s: side(2, DESTINATION_PORT),
    };
  }

  /** Shakes hands, once. */
  open(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#send("s2d", TCP.syn);
    this.#send("d2s", TCP.syn | TCP.ack);
    this.#send("s2d", TCP.ack);
  }

  /** Sends one segment, of `mss` bytes at most. */
  data(direction: Direction, payload: Uint8Array): void {
    this.open();
    this.#send(direction, TCP.ack | TCP.psh, payload);
    if (++this.#unacknowledged >= ACKNOWLEDGE_AFTER) this.acknowledge(direction);
  }

  /** The other side says that it has all that was sent. */
  acknowledge(direction: Direction): void {
    if (this.#unacknowledged === 0) return;
    this.#unacknowledged = 0;
    this.#send(other(direction), TCP.ack);
  }

  /** Closes one direction. */
  end(direction: Direction): void {
    this.open();
    const closing = this.#sides[direction];
    if (closing.closed) return;
    closing.closed = true;
    this.#send(direction, TCP.fin | TCP.ack);
    this.#send(other(direction), TCP.ack);
  }

  /** Breaks the connection off. */
  reset(direction: Direction): void {
    this.open();
    this.#send(direction, TCP.rst | TCP.ack);
  }

  #send(direction: Direction, flags: number, payload: Uint8Array = new Uint8Array(0)): void {
    const from = this.#sides[direction];
    const to = this.#sides[other(direction)];
    const segment: Segment = {
      from,
      to,
      flags,
      sequence: from.next,
      acknowledged: (flags & TCP.ack) === 0 ? 0 : to.next,
      ...((flags & TCP.syn) === 0 ? {} : { mss: this.#mss }),
      payload,
      identification: this.#identification++ & 0xffff,
    };
    this.#sink(ethernetFrame(segment));
    // SYN and FIN count like a byte.
    from.next = (from.next + payload.length + ((flags & (TCP.syn | TCP.fin)) === 0 ? 0 : 1)) >>> 0;
  }
}

function side(last: number, port: number): Side {
  return {
    // Of those that nobody's card has.
    mac: Uint8Array.of(2, 0, 0, 0, 0, last),
    ip: Uint8Array.of(...NETWORK, last),
    port,
    next: FIRST_SEQUENCE,
    closed: false,
  };
}

function other(direction: Direction): Direction {
  return direction === "s2d" ? "d2s" : "s2d";
}
