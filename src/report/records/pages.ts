import { type BaseRecord, pageContents, type RamPageRecord, type RamZeroRecord } from "../../stream/mod.ts";
import { RAM_SAVE_FLAG } from "../../wire/mod.ts";

/** Header and fill byte of a zero page that is not the first of its run. */
const NEXT_ZERO_BYTES = 9;

function isRun(record: BaseRecord): record is RamPageRecord | RamZeroRecord {
  return record.kind === "ram-page" || record.kind === "ram-zero";
}

/**
 * The pages of a run, each as a record of its own; other records as they are. The pages tile the run. Pages outside of
 * the channel bytes `[from, to)` are left out, without a step for each.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { RamPageRecord } from "@migwire/migwire/stream";
 * import { expandPages } from "./pages.ts";
 *
 * const run: RamPageRecord = {
 *   kind: "ram-page", offset: 100, length: 4111 + 4104, block: "pc.ram", flags: 8, pageOffset: 0, pageSize: 4096, count: 2,
 * };
 * const pages = [...expandPages(run)];
 * assertEquals(pages.map(({ offset, length }) => [offset, length]), [[100, 4111], [4211, 4104]]);
 * ```
 */
export function* expandPages(record: BaseRecord, from = 0, to: number = Infinity): Generator<BaseRecord> {
  if (!isRun(record) || record.count === 1) {
    yield record;
    return;
  }
  const step = record.kind === "ram-page" ? 8 + record.pageSize : NEXT_ZERO_BYTES;
  const firstLength = record.length - (record.count - 1) * step;
  const second = record.offset + firstLength;
  const flags = (record.kind === "ram-page" ? RAM_SAVE_FLAG.PAGE : RAM_SAVE_FLAG.ZERO) | RAM_SAVE_FLAG.CONTINUE;
  const first: RamPageRecord | RamZeroRecord = { ...record, length: firstLength, count: 1 };
  if (from < second && record.offset < to) yield first;
  for (let i = 1 + Math.max(0, Math.floor((from - second) / step)); i < record.count; i++) {
    const offset = second + (i - 1) * step;
    if (offset >= to) return;
    const pageOffset = record.pageOffset + i * record.pageSize;
    const page: RamPageRecord | RamZeroRecord = { ...record, offset, length: step, flags, pageOffset, count: 1 };
    yield page;
  }
}

/** Where the carried bytes of a record are; a page's contents are its record's last bytes. */
export function payloadOf(record: BaseRecord): BaseRecord["payload"] {
  if (record.kind === "ram-page") return pageContents(record as RamPageRecord, 0);
  return record.payload;
}
