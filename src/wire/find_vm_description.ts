/** Where a VM description is, in a file that ends with it. */
export type VmDescriptionPlace =
  /** Offset of its type byte 0x06 in the whole file. */
  | { readonly offset: number }
  /** The tail is too short to tell: how long it should be instead. */
  | { readonly tailLength: number };

/**
 * Finds the VM description from the end of a file (main-channel.md §4): a byte 00, a byte 06, the length of all the
 * rest, and the `{` it begins with. Nothing may follow it.
 *
 * JSON has no NUL, so the last NUL of the file is in the seven bytes before the text or there is no description.
 *
 * @param tail The file's last bytes.
 * @param tailOffset Where they begin in the file.
 * @param totalSize Bytes of the file.
 * @returns The place, how many bytes are needed to tell, or `undefined` where the file does not end with a description.
 * @throws {RangeError} If `tail` does not end where the file does.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { findVmDescription } from "@migwire/migwire/wire";
 *
 * const tail = Uint8Array.of(0x07, 0x00, 0x06, 0x00, 0x00, 0x00, 0x02, 0x7b, 0x7d);
 * assertEquals(findVmDescription(tail, 1000, 1009), { offset: 1002 });
 * ```
 */
export function findVmDescription(
  tail: Uint8Array,
  tailOffset: number,
  totalSize: number,
): VmDescriptionPlace | undefined {
  if (tailOffset + tail.length !== totalSize) {
    throw new RangeError(
      `Cannot search for a VM description: the tail ends at ${tailOffset + tail.length} of ${totalSize}`,
    );
  }
  const lastNul = tail.lastIndexOf(0);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  // The last NUL is the EOF byte itself, or one of the length's bytes, at most 5 further on.
  const first = Math.max(0, lastNul - 5);
  for (let eof = lastNul; eof >= first; eof--) {
    if (tail[eof] !== 0 || tail[eof + 1] !== 6 || tail[eof + 6] !== 0x7b) continue;
    if (view.getUint32(eof + 2) === tail.length - eof - 6) return { offset: tailOffset + eof + 1 };
  }
  if (lastNul >= 5 || tailOffset === 0) return undefined;
  return { tailLength: Math.min(totalSize, Math.max(0x1_0000, tail.length * 2)) };
}
