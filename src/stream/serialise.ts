import type { ByteRange } from "../bytes/mod.ts";
import { RAM_SAVE_FLAG, ramPageHeader, ramZero } from "../wire/mod.ts";
import { layoutOf } from "./layout_of.ts";
import { pageContents, type RamPageRecord, type RamZeroRecord } from "./ram_records.ts";
import type { BaseRecord } from "./record.ts";

/** A piece of a serialised record: bytes made from its fields, or a range of the channel it was read from. */
export type Part = Uint8Array | ByteRange;

/** Pages of a run that are written in one piece. */
const ZERO_PAGES_A_PART = 4096;

/**
 * Writes a record again: its fields as bytes, its payload as the range where it stands. The parts in order are the
 * record. What nobody understood, and the beginning of a record that was cut, is carried as it is.
 *
 * @param record A record of any kind, as a parser gave it or changed.
 * @returns Its parts.
 * @throws {TypeError} If there is no such kind of record.
 * @throws {RangeError} If a value does not fit its field.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type BaseRecord, serialise } from "@migwire/migwire/stream";
 *
 * const footer = { kind: "section-footer", offset: 64, length: 5, marker: 0x7e, sectionId: 2 } as BaseRecord;
 * assertEquals([...serialise(footer)], [Uint8Array.of(0x7e, 0, 0, 0, 2)]);
 * ```
 */
export function* serialise(record: BaseRecord): Generator<Part> {
  switch (record.kind) {
    case "truncated":
    case "opaque":
      yield { offset: record.offset, length: record.length };
      return;
    case "ram-page":
      yield* pageRun(record as RamPageRecord);
      return;
    case "ram-zero":
      yield* zeroRun(record as RamZeroRecord);
      return;
  }
  const layout = layoutOf(record);
  if (layout === undefined) throw new TypeError(`Cannot serialise a record of kind "${record.kind}": no layout`);
  yield layout.encode(record as never);
  if (record.payload !== undefined && record.payload.length > 0) yield record.payload;
}

const NEXT_PAGE = RAM_SAVE_FLAG.PAGE | RAM_SAVE_FLAG.CONTINUE;
const NEXT_ZERO = RAM_SAVE_FLAG.ZERO | RAM_SAVE_FLAG.CONTINUE;

function* pageRun(run: RamPageRecord): Generator<Part> {
  for (let i = 0; i < run.count; i++) {
    const pageOffset = run.pageOffset + i * run.pageSize;
    yield ramPageHeader.encode(
      i === 0 ? { pageOffset, flags: run.flags, block: run.block } : {
        pageOffset,
        flags: NEXT_PAGE,
      },
    );
    yield pageContents(run, i);
  }
}

function* zeroRun(run: RamZeroRecord): Generator<Part> {
  yield ramZero.encode(run);
  const { fill, pageSize } = run;
  for (let from = 1; from < run.count; from += ZERO_PAGES_A_PART) {
    const count = Math.min(ZERO_PAGES_A_PART, run.count - from);
    const bytes = new Uint8Array(count * 9);
    for (let i = 0; i < count; i++) {
      bytes.set(ramZero.encode({ pageOffset: run.pageOffset + (from + i) * pageSize, flags: NEXT_ZERO, fill }), i * 9);
    }
    yield bytes;
  }
}
