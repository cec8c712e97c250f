/** What tests of channel grammars have in common. @module */

import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes";
import { ChannelParser, type Grammar, type ParserOptions } from "../src/stream/mod.ts";
import type { Layouts } from "../src/stream/layouts.ts";
import type { BaseRecord } from "../src/stream/record.ts";
import type { Finding } from "../src/wire/mod.ts";

/** What came out of a channel. */
export interface Parsed<R extends BaseRecord> {
  /** Its records. */
  readonly records: R[];
  /** What was noticed. */
  readonly findings: Finding[];
}

/** Parses `bytes` in pieces of the lengths that `pieces` gives; the last piece is whatever is left. */
export function parseChannel<R extends BaseRecord>(
  grammar: Grammar,
  bytes: Uint8Array,
  pieces: Iterable<number> = [],
  options: ParserOptions = {},
): Parsed<R> {
  const findings: Finding[] = [];
  const parser = new ChannelParser(grammar, { report: (finding) => findings.push(finding), ...options });
  const records: BaseRecord[] = [];
  let pos = 0;
  for (const length of pieces) {
    if (pos >= bytes.length) break;
    // A copy, overwritten afterwards: nothing may keep a view of the input.
    const piece = bytes.slice(pos, pos + length);
    records.push(...parser.push(piece));
    piece.fill(0xee);
    pos += length;
  }
  records.push(...parser.push(bytes.subarray(pos)), ...parser.end());
  return { records: records as R[], findings };
}

/** Writes `records` again: header by its layout, payload as it was; what was not understood as it was. */
export function serialise(records: readonly BaseRecord[], layouts: Layouts, bytes: Uint8Array): Uint8Array {
  const parts = records.map((record) => {
    const end = record.offset + record.length;
    const layout = layouts[record.kind];
    if (layout === undefined) return bytes.subarray(record.offset, end);
    const payload = bytes.subarray(record.payload?.offset ?? end, end);
    return concat([layout.encode(record as never), payload]);
  });
  return concat(parts);
}

/** Each record must start where the one before ended, and all together be as long as the channel. */
export function assertTiles(records: readonly BaseRecord[], length: number): void {
  let at = 0;
  for (const record of records) {
    assertEquals(record.offset, at, `gap before ${record.kind}`);
    at += record.length;
  }
  assertEquals(at, length);
}
