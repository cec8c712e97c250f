/** A target in memory, whose peers do what a test says. @module */

import { concat } from "@std/bytes";
import { be, bytesOf, type Piece } from "../../testing/main_stream.ts";
import type { EmitConnection, EmitTarget } from "./target.ts";

/** Bytes on their way, as many as fit. */
class Pipe {
  readonly #capacity: number;
  #held = new Uint8Array(0);
  #ended = false;
  #error: Error | undefined;
  #waiting: (() => void)[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Takes some of the bytes, when there is room. */
  async write(bytes: Uint8Array): Promise<number> {
    if (bytes.length === 0) return 0;
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      const room = this.#capacity - this.#held.length;
      if (room <= 0) {
        await this.#change();
        continue;
      }
      const piece = bytes.subarray(0, room);
      this.#held = concat([this.#held, piece]);
      this.#ring();
      return piece.length;
    }
  }

  /** Gives some bytes, when there are any; null at the end. */
  async read(most: number): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      if (this.#held.length > 0) {
        const piece = this.#held.slice(0, most);
        this.#held = this.#held.slice(piece.length);
        this.#ring();
        return piece;
      }
      if (this.#ended) return null;
      await this.#change();
    }
  }

  /** Nothing more comes. */
  end(): void {
    this.#ended = true;
    this.#ring();
  }

  /** Whoever reads or writes gets this. */
  fail(error: Error): void {
    this.#error ??= error;
    this.#ring();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #ring(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** The target's end of a connection. */
export class Peer {
  /** Place in the order of opening. */
  readonly index: number;
  readonly #forth: Pipe;
  readonly #back = new Pipe(Infinity);
  readonly #taken: Uint8Array[] = [];
  /** The emitter has told that nothing more comes, or closed its end. */
  ended = false;

  constructor(index: number, capacity: number) {
    this.index = index;
    this.#forth = new Pipe(capacity);
  }

  /** Reads some bytes: null at the end, and when it was broken off. */
  async take(most = Infinity): Promise<Uint8Array | null> {
    const bytes = await this.#forth.read(most).catch(() => null);
    if (bytes !== null) this.#taken.push(bytes);
    return bytes;
  }

  /** Reads so many bytes, or what there is up to the end. */
  async takeUpTo(count: number): Promise<void> {
    for (let left = count; left > 0;) {
      const bytes = await this.take(left);
      if (bytes === null) return;
      left -= bytes.length;
    }
  }

  /** Reads up to the end. */
  async takeAll(): Promise<void> {
    while (await this.take() !== null);
  }

  /** What was read so far. */
  get taken(): Uint8Array {
    return concat(this.#taken);
  }

  /** Sends something back. */
  async answer(...pieces: readonly Piece[]): Promise<void> {
    await this.#back.write(bytesOf(...pieces));
  }

  /** Closes: what is sent from now on is refused. */
  close(): void {
    this.#back.end();
    this.#forth.fail(new Deno.errors.BrokenPipe("Broken pipe (os error 32)"));
  }

  /** Ends its own direction, and reads on. */
  closeWrite(): void {
    this.#back.end();
  }

  /** Breaks it off. */
  reset(): void {
    for (const pipe of [this.#forth, this.#back]) {
      pipe.fail(new Deno.errors.ConnectionReset("Connection reset by peer (os error 104)"));
    }
  }

  /** The emitter's end. */
  connection(closed: () => void): EmitConnection {
    let isOpen = true;
    return {
      write: (bytes) => this.#forth.write(bytes),
      read: async (into) => {
        const bytes = await this.#back.read(into.length);
        if (bytes === null) return null;
        into.set(bytes);
        return bytes.length;
      },
      closeWrite: () => {
        this.ended = true;
        this.#forth.end();
        return Promise.resolve();
      },
      close: () => {
        if (!isOpen) throw new Deno.errors.BadResource("Bad resource ID");
        isOpen = false;
        this.ended = true;
        closed();
        // As Deno does with what waits.
        for (const pipe of [this.#forth, this.#back]) pipe.fail(new Deno.errors.Interrupted("operation canceled"));
      },
    };
  }
}

/** How a target in memory is. */
export interface MemoryTargetOptions {
  /** What a peer does, from its connection on; it reads all if absent. */
  readonly serve?: (peer: Peer, target: MemoryTarget) => Promise<void> | void;
  /** Bytes that a connection holds without being read. */
  readonly capacity?: number;
  /** Whether it answers. */
  readonly answers?: boolean;
  /** Instead of connecting. */
  readonly connect?: (signal: AbortSignal, index: number) => Promise<void>;
}

/** A target in memory. */
export class MemoryTarget implements EmitTarget {
  readonly name = "memory";
  readonly answers: boolean;
  readonly #options: MemoryTargetOptions;
  /** Its ends of the connections, in the order of opening. */
  readonly peers: Peer[] = [];
  /** Connections that the emitter has not given back. */
  open = 0;

  constructor(options: MemoryTargetOptions = {}) {
    this.#options = options;
    this.answers = options.answers ?? true;
  }

  async connect(signal: AbortSignal): Promise<EmitConnection> {
    const { capacity = 1000, serve = (peer): Promise<void> => peer.takeAll(), connect } = this.#options;
    await connect?.(signal, this.peers.length);
    const peer = new Peer(this.peers.length, capacity);
    this.peers.push(peer);
    this.open++;
    void serve(peer, this);
    return peer.connection(() => this.open--);
  }
}

/**
 * A peer that takes what it is sent as a good destination does: when each connection has got so many bytes, it says SHUT 0
 * on the first one, and closes all.
 */
export function goodDestination(counts: readonly number[]): (peer: Peer, target: MemoryTarget) => Promise<void> {
  let left = counts.length;
  return async (peer, target) => {
    await peer.takeUpTo(counts[peer.index] ?? 0);
    if (--left > 0) return;
    for (const other of target.peers) if (other.index > 0) other.close();
    await target.peers[0]?.answer(SHUT(0));
    target.peers[0]?.close();
  };
}

/** SHUT with a value (main-channel.md §9). */
export const SHUT = (value: number): Uint8Array => bytesOf(be(1, 2), be(4, 2), be(value, 4));

/** PONG. */
export const PONG = (value: number): Uint8Array => bytesOf(be(2, 2), be(4, 2), be(value, 4));

/** SWITCHOVER_ACK. */
export const SWITCHOVER_ACK: Uint8Array = bytesOf(be(7, 2), be(0, 2));

/** RESUME_ACK. */
export const RESUME_ACK: Uint8Array = bytesOf(be(6, 2), be(4, 2), be(1, 4));
