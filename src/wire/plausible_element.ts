/**
 * Does an element of the main channel begin here? For whoever searches for a section's end without knowing what is in it
 * (main-channel.md §8.6).
 *
 * @module
 */

import { MIG_CMD } from "./command.ts";

/** What is known of a stream that is being searched. */
export interface KnownSections {
  /** The name that each section id was introduced with. */
  readonly names: ReadonlyMap<number, string>;
  /** Ids that came in a SECTION_START: a PART or END may follow. */
  readonly iterable: ReadonlySet<number>;
}

/** Yes, no, or how many bytes more it takes to tell. */
export type Plausibility = boolean | number;

/** Lengths that the commands have (main-channel.md §3.6); of those of any length only that they are known. */
const COMMAND_LENGTHS: ReadonlyMap<number, readonly number[]> = new Map<number, readonly number[]>([
  [MIG_CMD.OPEN_RETURN_PATH, [0]],
  [MIG_CMD.PING, [4]],
  [MIG_CMD.POSTCOPY_ADVISE, [0, 16]],
  [MIG_CMD.POSTCOPY_LISTEN, [0]],
  [MIG_CMD.POSTCOPY_RUN, [0]],
  [MIG_CMD.POSTCOPY_RAM_DISCARD, []],
  [MIG_CMD.PACKAGED, [4]],
  [MIG_CMD.ENABLE_COLO, [0]],
  [MIG_CMD.POSTCOPY_RESUME, [0]],
  [MIG_CMD.RECV_BITMAP, []],
  [MIG_CMD.SWITCHOVER_START, [0]],
]);

/** No version of a format was ever near it; four bytes of other data seldom are below. */
const VERSION_LIMIT = 0x1_0000;

/** A window of the channel that is looked at, and whether the channel ends with it. */
export class ElementGuess {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #ended: boolean;
  readonly #known: KnownSections;

  /** Guesses about `bytes`; `ended` when nothing comes after them. */
  constructor(bytes: Uint8Array, ended: boolean, known: KnownSections) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#ended = ended;
    this.#known = known;
  }

  /** Whether an element may begin at `at`. A command says little, so an element must follow it. */
  at(at: number, chain = 2): Plausibility {
    const first = this.#bytes[at];
    // A stream that was cut, or a package, may end between elements.
    if (first === undefined) return this.#ended || at + 1 - this.#bytes.length;
    if (first === 0x00) return this.endOfStream(at);
    if (first === 0x01 || first === 0x04) return this.longHeader(at);
    if (first === 0x02 || first === 0x03) {
      return this.#have(at, 5) ?? this.#known.iterable.has(this.#view.getUint32(at + 1));
    }
    return first === 0x08 ? this.#command(at, chain) : false;
  }

  /** EOF, with a VM description after it or nothing. */
  endOfStream(at: number): Plausibility {
    if (this.#bytes[at] !== 0x00) return false;
    if (at + 1 === this.#bytes.length) return this.#ended || 1;
    if (this.#bytes[at + 1] !== 0x06) return false;
    return this.#have(at, 7) ?? (this.#bytes[at + 6] === 0x7b && this.#view.getUint32(at + 2) >= 2);
  }

  /** A SECTION_START or SECTION_FULL: a printable name, a small version, an id that is not another section's. */
  longHeader(at: number): Plausibility {
    if (this.#bytes[at] !== 0x01 && this.#bytes[at] !== 0x04) return false;
    const short = this.#have(at, 6);
    if (short !== undefined) return short;
    const length = this.#view.getUint8(at + 5);
    if (length === 0) return false;
    const name = this.#bytes.subarray(at + 6, at + 6 + length);
    if (!name.every((byte) => byte >= 0x21 && byte <= 0x7e)) return false;
    const rest = this.#have(at, 14 + length);
    if (rest !== undefined) return rest;
    if (this.#view.getUint32(at + 10 + length) >= VERSION_LIMIT) return false;
    const known = this.#known.names.get(this.#view.getUint32(at + 1));
    return known === undefined || known === String.fromCharCode(...name);
  }

  /** The command that ends a package: POSTCOPY_RUN. */
  run(at: number): Plausibility {
    if (this.#bytes[at] !== 0x08) return false;
    const short = this.#have(at, 5);
    if (short !== undefined) return short;
    return this.#view.getUint32(at + 1) === 0x0005_0000 && this.at(at + 5);
  }

  #command(at: number, chain: number): Plausibility {
    const short = this.#have(at, 5);
    if (short !== undefined) return short;
    const command = this.#view.getUint16(at + 1);
    const length = this.#view.getUint16(at + 3);
    const lengths = COMMAND_LENGTHS.get(command);
    if (lengths === undefined || (lengths.length > 0 && !lengths.includes(length))) return false;
    if (chain <= 1 || command === MIG_CMD.PACKAGED) return true;
    return this.at(at + 5 + length, chain - 1);
  }

  /** Nothing if `count` bytes are there; otherwise how many are missing, or no if they will not come. */
  #have(at: number, count: number): Plausibility | undefined {
    const missing = at + count - this.#bytes.length;
    return missing <= 0 ? undefined : this.#ended ? false : missing;
  }
}
