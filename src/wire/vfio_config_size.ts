/**
 * How long a VFIO config blob is. It does not say: the size of its config space, and whether it holds an MSI-X table,
 * depend on the device at the source. What follows the blob decides: of the possible readings, only the right one has
 * END_OF_STATE or a subsection behind it (vfio.md §4.1.1).
 *
 * @module
 */

import { type Cursor, Incomplete } from "../bytes/mod.ts";
import { msixVectors } from "./pci_capabilities.ts";

/** Size of a config space without the extended part. */
const SMALL_CONFIG = 256;
/** Size of a config space with it; QEMU's for all devices but those that have exactly 256 bytes. */
const LARGE_CONFIG = 4096;
/** The states of the four INTx pins. */
const INTX_SIZE = 16;
/** END_OF_STATE, the shortest thing that can follow a blob. */
const TAG_SIZE = 8;
/** Marker of a subsection. */
const QEMU_VM_SUBSECTION = 0x05;
/** What a subsection of the blob begins with after its marker and the length of its name. */
const SUBSECTION_PREFIX = new TextEncoder().encode("VFIOPCIDevice");

/**
 * What is known of the bytes behind a blob: `stream`, more may come and END_OF_STATE must be among them; `whole`, no
 * more come, and the blob may also end with the bytes.
 */
export type BlobEnd = "stream" | "whole";

/** One way to read a blob. */
interface Reading {
  readonly configSize: number;
  readonly withMsix: boolean;
  /** Bytes from the start of the config space to what follows the table; without a display subsection. */
  readonly length: number;
}

/** Bytes of an MSI-X table of so many vectors, and of its pending bits. */
function msixSize(vectors: number): number {
  return 16 * vectors + Math.ceil(vectors / 8);
}

/** Does a subsection of the blob begin at index `at`? */
export function isSubsectionAt(cursor: Cursor, at: number): boolean {
  const { bytes } = cursor;
  if (cursor.end - at < 2 + SUBSECTION_PREFIX.length || bytes[at] !== QEMU_VM_SUBSECTION) return false;
  if ((bytes[at + 1] ?? 0) <= SUBSECTION_PREFIX.length) return false;
  return SUBSECTION_PREFIX.every((byte, i) => bytes[at + 2 + i] === byte);
}

function isEndOfStateAt({ bytes, end }: Cursor, at: number): boolean {
  if (end - at < TAG_SIZE) return false;
  const upperHalf = bytes[at] === 0xff && bytes[at + 1] === 0xff && bytes[at + 2] === 0xff && bytes[at + 3] === 0xff;
  return upperHalf && bytes[at + 4] === 0xef && bytes[at + 5] === 0x10 && bytes[at + 6] === 0 && bytes[at + 7] === 1;
}

/** May the blob, apart from subsections, end before index `at`? On a stream, throws `Incomplete` where that is open. */
export function mayEndAt(cursor: Cursor, at: number, end: BlobEnd): boolean {
  if (end === "whole") return at === cursor.end || isEndOfStateAt(cursor, at) || isSubsectionAt(cursor, at);
  cursor.need(at - cursor.pos + TAG_SIZE);
  // A subsection is recognised by more bytes than END_OF_STATE has; they come, as END_OF_STATE follows it.
  if (cursor.bytes[at] === QEMU_VM_SUBSECTION) cursor.need(at - cursor.pos + 2 + SUBSECTION_PREFIX.length);
  return isEndOfStateAt(cursor, at) || isSubsectionAt(cursor, at);
}

/** Are the INTx pins behind a config space of `configSize` bytes all 0 or 1? */
function pinsAreSound({ bytes, pos }: Cursor, configSize: number): boolean {
  const pins = bytes.subarray(pos + configSize, pos + configSize + INTX_SIZE);
  return pins.every((byte, i) => i % 4 === 3 ? byte <= 1 : byte === 0);
}

/**
 * Bytes of the config space that begins at the cursor. Throws `Incomplete` as long as the bytes at hand leave it open,
 * and if they are all and hold no blob. Where nothing fits, as the end is damaged, the likelier size.
 */
export function configSpaceSize(cursor: Cursor, end: BlobEnd): number {
  cursor.need(SMALL_CONFIG);
  const vectors = msixVectors(cursor.bytes.subarray(cursor.pos, cursor.pos + SMALL_CONFIG));
  const readings: Reading[] = [];
  for (const configSize of [SMALL_CONFIG, LARGE_CONFIG]) {
    const length = configSize + INTX_SIZE;
    readings.push({ configSize, withMsix: false, length });
    readings.push({ configSize, withMsix: true, length: length + msixSize(vectors) });
  }
  // Shortest first, so that no more of a stream is asked for than the blob and its end.
  readings.sort((a, b) => a.length - b.length);
  const fitting = readings.find(({ length }) => mayEndAt(cursor, cursor.pos + length, end));
  return fitting?.configSize ?? likelierSize(cursor, readings.filter(({ withMsix }) => withMsix === vectors > 0));
}

/** The better of two readings, short and long, neither of which is followed by what must follow. */
function likelierSize(cursor: Cursor, readings: readonly Reading[]): number {
  const [short = 0, long = 0] = readings.map(({ length }) => length);
  const { available } = cursor;
  if (available >= long) {
    return pinsAreSound(cursor, LARGE_CONFIG) || !pinsAreSound(cursor, SMALL_CONFIG) ? LARGE_CONFIG : SMALL_CONFIG;
  }
  // Up to one tag behind the short reading is a bad end of it; more is the beginning of a long one that was cut.
  if (available >= short && available <= short + TAG_SIZE) return SMALL_CONFIG;
  throw new Incomplete(long - available);
}
