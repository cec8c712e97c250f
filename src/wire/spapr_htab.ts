/** The hash page table of a pseries machine: section `spapr/htab` (main-channel.md §7.1). @module */

import { u16, u32 } from "./fields.ts";
import { type Struct, struct } from "./struct.ts";

/** First word of a body: the table's size in START, 0xffffffff for "no table", 0 before chunks. */
export interface HtabHeader {
  /** The word. */
  header: number;
}

/** The guest has no hash table. */
export const HTAB_NONE = 0xffffffff;

/**
 * Layout of the first word of a body of `spapr/htab` (main-channel.md §7.1).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { htabHeader } from "@migwire/migwire/wire";
 *
 * assertEquals(htabHeader.annotate(Uint8Array.fromHex("00000018"))[0]?.meaning, "table of 2^24 bytes");
 * ```
 */
export const htabHeader: Struct<HtabHeader> = struct<HtabHeader>("htab header", [
  u32("header", {
    meaning: (header) =>
      header === HTAB_NONE ? "no hash table" : header === 0 ? "chunks follow" : `table of 2^${header} bytes`,
  }),
]);

/** Bytes of a table entry. */
export const HTAB_ENTRY_BYTES = 16;

/** A chunk; `validCount` entries of 16 bytes follow as payload. All zero: end of the body. */
export interface HtabChunk {
  /** First entry, counted from 0. */
  index: number;
  /** Entries that follow. */
  validCount: number;
  /** Entries after those that are to be cleared. */
  invalidCount: number;
}

/**
 * Layout of what stands before the entries of a chunk of `spapr/htab`, 8 bytes (main-channel.md §7.1); `validCount`
 * entries of 16 bytes follow.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { htabChunk } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("00000040" + "0002" + "0006");
 * assertEquals(htabChunk.decode(bytes), { index: 64, validCount: 2, invalidCount: 6 });
 * ```
 */
export const htabChunk: Struct<HtabChunk> = struct<HtabChunk>("htab chunk", [
  u32("index"),
  u16("validCount"),
  u16("invalidCount"),
]);
