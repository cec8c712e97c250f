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

/** Layout of {@linkcode HtabHeader}. */
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
  /** First entry. */
  index: number;
  /** Entries that follow. */
  validCount: number;
  /** Entries after those that are to be cleared. */
  invalidCount: number;
}

/** Layout of {@linkcode HtabChunk}. */
export const htabChunk: Struct<HtabChunk> = struct<HtabChunk>("htab chunk", [
  u32("index"),
  u16("validCount"),
  u16("invalidCount"),
]);
