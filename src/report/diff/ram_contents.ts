import { createHash } from "node:crypto";
import { equals } from "@std/bytes/equals";
import type { Capture } from "../../capture/values.ts";
import { assembleRam, type RamBlock, type RamOptions } from "../../load/mod.ts";
import type { Finding } from "../../wire/mod.ts";

/** Bytes of RAM that are compared by one digest. */
export const GRANULE = 4096;

/** Bytes of a digest that are kept: enough that none is the same by chance. */
const DIGEST_BYTES = 16;

const ZEROS = new Uint8Array(GRANULE);

/** Bytes that are read at a time. */
const PIECE = 256 * GRANULE;

/** Digests of a RAM block, which are kept while the block itself is not. */
export interface BlockContents {
  /** Bytes in use. */
  readonly usedLength: number;
  /** SHA-256 of the whole block, hexadecimal. */
  readonly sha256: string;
  /** Not in the stream: memory that source and destination share. */
  readonly ignored: boolean;
  /** Pages that never came, taken for zero. */
  readonly pagesNeverSent: number;
  /** Digest of each granule; all zero for one of zeros. */
  readonly digests: Uint8Array;
}

/** Digests of the RAM of a capture. */
export interface RamContents {
  /** By name of the block. */
  readonly blocks: ReadonlyMap<string, BlockContents>;
  /** What could not be loaded. */
  readonly problems: readonly Finding[];
}

/**
 * Loads the RAM of a capture, and keeps digests: RAM of two captures need not be in memory together.
 *
 * @throws {RamLimitError} If the machine has more RAM than `options.limit`.
 * @throws {CaptureError} If bytes cannot be had.
 */
export async function ramContents(capture: Capture, options: RamOptions): Promise<RamContents> {
  const { blocks, problems } = await assembleRam(capture, options);
  return { blocks: new Map(blocks.map((block) => [block.name, digestBlock(block)])), problems };
}

function digestBlock(block: RamBlock): BlockContents {
  const { usedLength, ignored, pagesNeverSent } = block;
  const whole = createHash("sha256");
  const digests = new Uint8Array(Math.ceil(usedLength / GRANULE) * DIGEST_BYTES);
  for (let at = 0; at < usedLength; at += PIECE) {
    const piece = block.read(at, PIECE);
    whole.update(piece);
    for (let done = 0; done < piece.length; done += GRANULE) {
      const granule = piece.subarray(done, done + GRANULE);
      if (equals(granule, ZEROS.subarray(0, granule.length))) continue;
      const digest = createHash("sha256").update(granule).digest();
      digests.set(digest.subarray(0, DIGEST_BYTES), (at + done) / GRANULE * DIGEST_BYTES);
    }
  }
  return { usedLength, sha256: whole.digest("hex"), ignored, pagesNeverSent, digests };
}

/** Stretches that are not the same, in bytes; what only one block has is one of them. */
export function* differingRanges(a: BlockContents, b: BlockContents): Generator<{ offset: number; length: number }> {
  const end = Math.max(a.usedLength, b.usedLength);
  let start: number | undefined;
  for (let at = 0; at < end; at += GRANULE) {
    const same = sameGranule(a, b, at / GRANULE) && at < Math.min(a.usedLength, b.usedLength);
    if (!same) start ??= at;
    else if (start !== undefined) {
      yield { offset: start, length: at - start };
      start = undefined;
    }
  }
  if (start !== undefined) yield { offset: start, length: end - start };
}

function sameGranule(a: BlockContents, b: BlockContents, index: number): boolean {
  const start = index * DIGEST_BYTES;
  for (let i = start; i < start + DIGEST_BYTES; i++) if (a.digests[i] !== b.digests[i]) return false;
  return true;
}
