/** A run of an XBZRLE difference: `count` new bytes at `at`. */
export interface XbzrleRun {
  /** Index in the page. */
  readonly at: number;
  /** The bytes that stand there now. */
  readonly bytes: Uint8Array;
}

/**
 * A difference that no encoder writes: QEMU says `decode error!`.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { decodeXbzrle, XbzrleError } from "@migwire/migwire/wire";
 *
 * // 8 bytes unchanged, and the length of what follows is missing
 * assertThrows(() => decodeXbzrle(Uint8Array.of(8), 4096), XbzrleError);
 * ```
 */
export class XbzrleError extends Error {
  /** `XbzrleError`. */
  override readonly name = "XbzrleError";
}

/**
 * Decodes an XBZRLE difference (main-channel.md §5.5) into the runs of bytes that replace what the page holds.
 *
 * @param encoded The difference, all of it.
 * @param pageSize Bytes of the target's pages.
 * @returns The runs, in order; their bytes are views of `encoded`.
 * @throws {XbzrleError} If no encoder writes such a difference.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeXbzrle } from "@migwire/migwire/wire";
 *
 * // one byte 0xff at 0, then 9 unchanged and 3 new ones
 * const runs = decodeXbzrle(Uint8Array.of(0, 1, 0xff, 9, 3, 0xaa, 0xbb, 0xcc), 4096);
 * assertEquals(runs.map((run) => [run.at, run.bytes.length]), [[0, 1], [10, 3]]);
 * ```
 */
export function decodeXbzrle(encoded: Uint8Array, pageSize: number): XbzrleRun[] {
  const runs: XbzrleRun[] = [];
  let pos = 0;
  let at = 0;
  const uleb128 = (): number => {
    // Two bytes at most: 14 bits are more than a page.
    if (encoded.length - pos < 2) throw new XbzrleError("a run ends early");
    const low = encoded[pos++] ?? 0;
    if (low < 0x80) return low;
    const high = encoded[pos++] ?? 0;
    if (high >= 0x80) throw new XbzrleError("a run length has more than two bytes");
    return (high << 7) | (low & 0x7f);
  };
  while (pos < encoded.length) {
    const unchanged = uleb128();
    if (unchanged === 0 && runs.length > 0) throw new XbzrleError("a run of no unchanged bytes");
    at += unchanged;
    const changed = uleb128();
    if (changed === 0) throw new XbzrleError("a run of no new bytes");
    if (pos + changed > encoded.length) throw new XbzrleError("new bytes are missing");
    if (at + changed > pageSize) throw new XbzrleError("a run leaves the page");
    runs.push({ at, bytes: encoded.subarray(pos, pos + changed) });
    pos += changed;
    at += changed;
  }
  return runs;
}
