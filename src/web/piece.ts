import type { BaseRecord } from "../stream/mod.ts";

/**
 * Bytes of a channel, and the record that ends with them. Pieces tile the channel, as records do: each begins where the
 * one before ended.
 */
export interface ChannelPiece {
  /** Channel offset of the first byte. */
  readonly offset: number;
  /** The bytes; none for a record without any. They may be a part of the chunk that came. */
  readonly bytes: Uint8Array;
  /**
   * The record that ends here. It begins here too, unless it is longer than {@linkcode PIECE_LIMIT}: then the pieces before
   * have its beginning, and no record.
   */
  readonly record?: BaseRecord;
}

/**
 * Bytes that are held back for the record that they belong to: 2 MiB. A buffer of device state has 1 MiB at most, a
 * multifd packet 512 KiB of pages. What is longer is no record of a migration but what stands around it: a rest that
 * nobody understands, the pages of a mapped-ram file, a length that an enemy made up, rarely a VM description.
 */
export const PIECE_LIMIT: number = 2 * 1024 * 1024;

/**
 * Whether the piece has all bytes of its record.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isWhole } from "@migwire/migwire/web";
 *
 * const record = { kind: "opaque", offset: 0, length: 4 };
 * assert(isWhole({ offset: 0, bytes: new Uint8Array(4), record }));
 * assert(!isWhole({ offset: 2, bytes: new Uint8Array(2), record }));
 * ```
 */
export function isWhole({ offset, record }: ChannelPiece): boolean {
  return record?.offset === offset;
}
