import { concat } from "@std/bytes";
import { readBytes } from "../../capture/mod.ts";
import { type Item, sentLength } from "../item.ts";

/**
 * All bytes that an item puts on the wire. Not for items whose length nothing bounds.
 *
 * @throws {RangeError} If they are not as many as it says: what it was made from has changed.
 */
export function itemBytes(item: Item): Uint8Array<ArrayBuffer> {
  const parts = item.parts?.() ?? [item];
  const pieces: Uint8Array[] = [];
  for (const part of parts) {
    pieces.push(part instanceof Uint8Array ? part : readBytes(item.source, part.offset, part.length));
  }
  const bytes = concat(pieces);
  const expected = sentLength(item);
  if (bytes.length !== expected) {
    throw new RangeError(
      `Cannot send ${item.kind} at ${item.offset}: ${bytes.length} bytes where ${expected} should be`,
    );
  }
  return bytes;
}
