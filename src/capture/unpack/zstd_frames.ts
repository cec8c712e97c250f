/**
 * Where the frames of a zstd file end (RFC 8878 §3). The runtime's decompressor stops after one frame, and does not say
 * when one is cut; a file may have several, and parts that are to be skipped.
 *
 * @module
 */

/** A part of a zstd file that is to be unpacked. */
export interface ZstdPiece {
  /** Its bytes; valid until the next one is asked for. */
  readonly bytes: Uint8Array;
  /** A frame ends after them: what follows needs a fresh decompressor. */
  readonly ends: boolean;
}

const FRAME_MAGIC = 0xfd2fb528;

/** The lowest four bits are free. */
const SKIPPABLE_MAGIC = 0x184d2a50;

const HAS_CHECKSUM = 0x04;
const SINGLE_SEGMENT = 0x20;
const RLE_BLOCK = 1;

/** Bytes of the dictionary's id and of the content's size, by the two bits that stand for each. */
const DICTIONARY_BYTES = [0, 1, 2, 4];
const CONTENT_SIZE_BYTES = [0, 2, 4, 8];

/**
 * Takes a zstd file apart while it comes, without unpacking anything.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ZstdFrames } from "./zstd_frames.ts";
 *
 * // A frame of one empty block, and the beginning of another.
 * const frames = new ZstdFrames();
 * const pieces = Array.from(frames.push(Uint8Array.fromHex("28b52ffd2000010000" + "28b5")), ({ ends }) => ends);
 * assertEquals(pieces.filter((ends) => ends).length, 1);
 * assertEquals(frames.whole, false);
 * ```
 */
export class ZstdFrames {
  readonly #walk = walk();
  #step: Step = this.#walk.next().value;
  #kept = new Uint8Array(16);
  #done = 0;

  /** Nothing is missing if the file ends here. */
  get whole(): boolean {
    return this.#step.kind === "pass" ? this.#step.optional : this.#step.kind === "magic" && this.#done === 0;
  }

  /** The pieces of the next bytes of the file. */
  *push(chunk: Uint8Array): Generator<ZstdPiece> {
    for (let at = 0;;) {
      const step = this.#step;
      if (step.kind === "give" || step.kind === "end") {
        yield { bytes: step.kind === "give" ? step.bytes : new Uint8Array(0), ends: step.kind === "end" };
        this.#next(new Uint8Array(0));
        continue;
      }
      const piece = chunk.subarray(at, at + step.length - this.#done);
      at += piece.length;
      if (step.kind !== "pass") this.#kept.set(piece, this.#done);
      else if (!step.optional && !step.skip && piece.length > 0) yield { bytes: piece, ends: false };
      this.#done += piece.length;
      if (this.#done < step.length) return;
      this.#next(this.#kept.slice(0, step.kind === "pass" ? 0 : step.length));
    }
  }

  #next(taken: Uint8Array): void {
    this.#done = 0;
    this.#step = this.#walk.next(taken).value;
  }
}

/** What is to be done with the next bytes. */
type Step =
  /** Keep so many: the walk wants to see them. With `magic` the file may end before. */
  | { readonly kind: "magic" | "take"; readonly length: number }
  /** Give these on: they were kept. */
  | { readonly kind: "give"; readonly bytes: Uint8Array }
  /** Give so many on unseen, or leave them out. With `optional` the file may end anywhere in them. */
  | { readonly kind: "pass"; readonly length: number; readonly skip: boolean; readonly optional: boolean }
  /** A frame ends. */
  | { readonly kind: "end" };

/** The structure of a file, one step after the other. Receives the bytes that it asked for. */
function* walk(): Generator<Step, never, Uint8Array> {
  for (;;) {
    const magic = yield { kind: "magic", length: 4 };
    const number = littleEndian(magic);
    if ((number & ~0xf) >>> 0 === SKIPPABLE_MAGIC) {
      const size = littleEndian(yield { kind: "take", length: 4 });
      yield { kind: "pass", length: size, skip: true, optional: false };
    } else if (number === FRAME_MAGIC) {
      yield { kind: "give", bytes: magic };
      yield* frame();
      yield { kind: "end" };
    } else {
      // Padding, or something else that was appended.
      yield { kind: "pass", length: Infinity, skip: true, optional: true };
    }
  }
}

function* frame(): Generator<Step, void, Uint8Array> {
  const first = yield { kind: "take", length: 1 };
  yield { kind: "give", bytes: first };
  const [descriptor = 0] = first;
  const single = (descriptor & SINGLE_SEGMENT) !== 0;
  const sizeBytes = CONTENT_SIZE_BYTES[descriptor >> 6] ?? 0;
  const header = (single ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] ?? 0) +
    (single ? Math.max(1, sizeBytes) : sizeBytes);
  yield { kind: "pass", length: header, skip: false, optional: false };
  for (let last = false; !last;) {
    const block = yield { kind: "take", length: 3 };
    yield { kind: "give", bytes: block };
    const bits = littleEndian(block);
    last = (bits & 1) !== 0;
    yield { kind: "pass", length: (bits >> 1 & 3) === RLE_BLOCK ? 1 : bits >> 3, skip: false, optional: false };
  }
  if ((descriptor & HAS_CHECKSUM) !== 0) yield { kind: "pass", length: 4, skip: false, optional: false };
}

function littleEndian(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte, i) => sum + byte * 2 ** (8 * i), 0);
}
