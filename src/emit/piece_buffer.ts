import type { ByteSource } from "../capture/mod.ts";
import type { Item } from "./item.ts";

/** Some bytes to be sent at once, and up to where in what was recorded. */
export interface Filled {
  /** They are overwritten by the next ones. */
  readonly bytes: Uint8Array;
  /** The connection that the last of them was recorded on. */
  readonly connection: number;
  /** Where it ends there. */
  readonly end: number;
}

/**
 * Gives the bytes of items in pieces of the size of one buffer, which is used again and again: small records go out together,
 * and large ones are never in memory as a whole.
 */
export class PieceBuffer {
  readonly #buffer: Uint8Array;

  /** Pieces of at most `size` bytes. */
  constructor(size: number) {
    this.#buffer = new Uint8Array(size);
  }

  /** The bytes of the items, in order. A piece is good until the next one is asked for. */
  *fill(items: readonly Item[]): Generator<Filled> {
    let filled = 0;
    for (const item of items) {
      const { connection, source, offset, length } = item;
      /** Bytes of the item that are in pieces. */
      let done = 0;
      const piece = (): Filled => {
        const end = offset + Math.min(done, length);
        const bytes = this.#buffer.subarray(0, filled);
        filled = 0;
        return { bytes, connection, end };
      };
      for (const part of item.parts?.() ?? [{ offset, length }]) {
        for (let at = 0; at < part.length;) {
          const room = Math.min(this.#buffer.length - filled, part.length - at);
          const into = this.#buffer.subarray(filled, filled + room);
          if (part instanceof Uint8Array) into.set(part.subarray(at, at + room));
          else readWhole(source, part.offset + at, into);
          at += room;
          done += room;
          filled += room;
          if (filled === this.#buffer.length) yield piece();
        }
      }
      if (item === items.at(-1) && filled > 0) yield piece();
    }
  }
}

/** Fills `into` from `offset` on; what a file has lost since it was opened is an error. */
function readWhole(source: ByteSource, offset: number, into: Uint8Array): void {
  for (let at = 0; at < into.length;) {
    const count = source.readAt(offset + at, into.subarray(at));
    if (count === 0) throw new RangeError(`Cannot send bytes ${offset + at} on: the capture has become shorter`);
    at += count;
  }
}
