import { concat } from "@std/bytes";
import { readBytes } from "../../capture/mod.ts";
import type { Part } from "../../stream/mod.ts";
import { type Item, sentLength } from "../item.ts";

/**
 * All bytes that an item puts on the wire. Not for items whose length nothing bounds.
 *
 * @throws {RangeError} If they are not as many as it says: what it is made from has changed.
 */
export function itemBytes(item: Item): Uint8Array<ArrayBuffer> {
  const length = sentLength(item);
  const bytes = firstItemBytes(item, Infinity);
  if (bytes.length === length) return bytes;
  throw new RangeError(`Cannot send ${item.kind} at ${item.offset}: it has ${bytes.length} bytes, not ${length}`);
}

/** The first `count` bytes of those, or all if there are fewer. */
export function firstItemBytes(item: Item, count: number): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array[] = [];
  let missing = count;
  for (const part of partsOf(item)) {
    if (missing <= 0) break;
    const length = Math.min(part.length, missing);
    pieces.push(part instanceof Uint8Array ? part.subarray(0, length) : readBytes(item.source, part.offset, length));
    missing -= length;
  }
  return concat(pieces);
}

/** What an item puts on the wire, without the first `skipped` bytes. */
export function* partsBehind(item: Item, skipped: number): Generator<Part> {
  let skip = skipped;
  for (const part of partsOf(item)) {
    const length = Math.min(part.length, skip);
    skip -= length;
    if (length === part.length) continue;
    if (part instanceof Uint8Array) yield part.subarray(length);
    else yield { offset: part.offset + length, length: part.length - length };
  }
}

function partsOf(item: Item): Iterable<Part> {
  return item.parts?.() ?? [{ offset: item.offset, length: item.length }];
}
