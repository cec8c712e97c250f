import type { Direction } from "../capture/mod.ts";
import { closeQuietly, type Socket } from "../net/mod.ts";
import { reasonOf } from "./record_error.ts";

/** Which QEMU. */
export type MigrationSide = "source" | "destination";

/** What a connection tells while bytes go over it. */
export interface ConnectionObserver {
  /** Bytes came, and will go on when this returns. What it throws breaks the connection, and is thrown on. */
  received(direction: Direction, bytes: Uint8Array): void;
  /** One direction was closed by whoever sends, or broken off by either, or by {@linkcode Connection.break}. */
  ended(direction: Direction, by: MigrationSide | undefined, error?: string): void;
}

const SIDES = ["source", "destination"] as const;

/** Larger ones are slower: they do not fit into the processor's cache. */
const BUFFER_BYTES = 256 * 1024;

/** One connection over the relay: two sockets, and what goes from either to the other. */
export class Connection {
  readonly #source: Socket;
  readonly #destination: Socket;
  readonly #observer: ConnectionObserver;
  #broken: string | undefined;

  /** A connection between two open sockets. */
  constructor(source: Socket, destination: Socket, observer: ConnectionObserver) {
    this.#source = source;
    this.#destination = destination;
    this.#observer = observer;
    // A message of the return path waits for nothing.
    for (const socket of [source, destination]) if ("setNoDelay" in socket) socket.setNoDelay(true);
  }

  /** Lets bytes pass until both directions are over. Throws what the observer throws. */
  async run(): Promise<void> {
    const directions = await Promise.allSettled([
      this.#pump("s2d", this.#source, this.#destination),
      this.#pump("d2s", this.#destination, this.#source),
    ]);
    this.#close();
    for (const direction of directions) if (direction.status === "rejected") throw direction.reason;
  }

  /** Breaks off both directions, for the reason `why`. */
  break(why: string): void {
    this.#broken ??= why;
    this.#close();
  }

  #close(): void {
    closeQuietly(this.#source);
    closeQuietly(this.#destination);
  }

  /**
   * One direction. While a buffer is on its way out the next one is filled, and no further one: whoever sends waits for who
   * receives.
   */
  async #pump(direction: Direction, from: Socket, to: Socket): Promise<void> {
    const buffers = [new Uint8Array(BUFFER_BYTES), new Uint8Array(BUFFER_BYTES)] as const;
    const [sender, receiver] = direction === "s2d" ? SIDES : [SIDES[1], SIDES[0]] as const;
    let sending: Promise<unknown> = Promise.resolve(undefined);
    /** Why nothing gets out any more. */
    let stuck: unknown;
    for (let turn = 0;; turn ^= 1) {
      const buffer = buffers[turn & 1] ?? buffers[0];
      let count: number | null;
      try {
        count = await from.read(buffer);
      } catch (error) {
        await sending;
        this.#ended(direction, sender, error);
        // A direction cannot be broken off by itself.
        this.break(reasonOf(error));
        return;
      }
      if (count !== null) this.#received(direction, buffer.subarray(0, count));
      stuck ??= await sending;
      // The source must not go on as if the destination took what it sends. Both ends are closed when the destination's
      // last bytes have been passed on.
      if (stuck !== undefined && direction === "s2d") return this.#ended(direction, receiver, stuck);
      if (count === null) {
        this.#ended(direction, stuck === undefined ? sender : receiver, stuck);
        // Who has gone already needs not be told.
        await to.closeWrite().catch(() => {});
        return;
      }
      // A destination whose source has gone is heard to its end: to close on it would take from it what it has not read.
      if (stuck === undefined) sending = send(to, buffer.subarray(0, count));
    }
  }

  #received(direction: Direction, bytes: Uint8Array): void {
    try {
      this.#observer.received(direction, bytes);
    } catch (error) {
      this.break("the recording failed");
      throw error;
    }
  }

  #ended(direction: Direction, by: MigrationSide, error?: unknown): void {
    try {
      if (error === undefined) this.#observer.ended(direction, by);
      else if (this.#broken === undefined) this.#observer.ended(direction, by, reasonOf(error));
      else this.#observer.ended(direction, undefined, this.#broken);
    } catch (failure) {
      this.break("the recording failed");
      throw failure;
    }
  }
}

/** Sends all of the bytes; gives why not, rather than to throw it. */
async function send(to: Socket, bytes: Uint8Array): Promise<unknown> {
  try {
    for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
    return undefined;
  } catch (error) {
    return error;
  }
}
