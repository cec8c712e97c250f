import { decodeText } from "../bytes/mod.ts";
import { findVmDescription, parseVmDescription, type VmDescription } from "../wire/mod.ts";
import { type ByteSource, readBytes } from "./source.ts";

/** Longest description that is looked for at the end of a file, bytes: real ones have up to a few MiB. */
const TAIL_LIMIT = 16 * 1024 * 1024;

/** Enough for the description of most machines. */
const FIRST_TAIL = 64 * 1024;

/**
 * The VM description that a main channel ends with, found from its end (main-channel.md §4). Undefined where there is
 * none: the channel was cut, it is one of postcopy, or something follows it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemorySource } from "@migwire/migwire/capture";
 * import { readDescription } from "./description.ts";
 *
 * const text = '{"page_size": 4096, "devices": []}';
 * const bytes = [0x00, 0x06, 0, 0, 0, text.length, ...new TextEncoder().encode(text)];
 * assertEquals(readDescription(new MemorySource(Uint8Array.from(bytes)))?.pageSize, 4096);
 * ```
 */
export function readDescription(source: ByteSource): VmDescription | undefined {
  let length = Math.min(source.size, FIRST_TAIL);
  while (length <= TAIL_LIMIT) {
    const tail = readBytes(source, source.size - length, length);
    // A file that shrank since it was opened has no end to search from.
    if (tail.length !== length) return undefined;
    const place = findVmDescription(tail, source.size - length, source.size);
    if (place === undefined) return undefined;
    if ("offset" in place) {
      return parseVmDescription(decodeText(tail.subarray(place.offset + 5 - (source.size - length))));
    }
    length = place.tailLength;
  }
  return undefined;
}
