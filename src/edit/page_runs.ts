import type { BaseRecord, PageFields, RamPageRecord, RamZeroRecord } from "../stream/mod.ts";
import { RAM_SAVE_FLAG } from "../wire/mod.ts";

/** Bytes of a page record's word. */
const WORD = 8;

/** Whether a record is a page of the main or of a preempt channel, or several. */
export function isPage(record: BaseRecord | undefined): record is PageFields {
  return record !== undefined && "block" in record && "pageOffset" in record && "pageSize" in record &&
    !record.kind.startsWith("multifd");
}

function isRun(record: PageFields): record is RamPageRecord | RamZeroRecord {
  return record.kind === "ram-page" || record.kind === "ram-zero";
}

/** How many pages a record is. */
export function pageCount(record: PageFields): number {
  return isRun(record) ? record.count : 1;
}

/** Pages of a record, by their numbers in it: all if they are not of a run. */
export function somePages(record: PageFields, from: number, count: number): PageFields {
  if (!isRun(record) || (from === 0 && count === record.count)) return record;
  const isZero = record.kind === "ram-zero";
  // A zero page has one byte behind its word.
  const each = WORD + (isZero ? 1 : record.pageSize);
  const name = record.length - record.count * each;
  const flags = (isZero ? RAM_SAVE_FLAG.ZERO : RAM_SAVE_FLAG.PAGE) | RAM_SAVE_FLAG.CONTINUE;
  const first = from === 0;
  const part: RamPageRecord | RamZeroRecord = {
    ...record,
    offset: record.offset + (first ? 0 : name + from * each),
    length: count * each + (first ? name : 0),
    flags: first ? record.flags : flags,
    pageOffset: record.pageOffset + from * record.pageSize,
    count,
  };
  return part;
}

/** A part of a record of pages. */
export interface RunPart {
  /** The record of these pages alone. */
  readonly record: BaseRecord;
  /** Number of its first page in the run. */
  readonly first: number;
}

/** A record, cut so that each of `pages` stands alone: numbers in it, from the least on. */
export function cutRun(record: BaseRecord, pages: readonly number[]): RunPart[] {
  if (pages.length === 0 || !isPage(record)) return [{ record, first: 0 }];
  const parts: RunPart[] = [];
  let next = 0;
  const add = (to: number): void => {
    if (to > next) parts.push({ record: somePages(record, next, to - next), first: next });
    next = to;
  };
  for (const page of pages) {
    add(page);
    add(page + 1);
  }
  add(pageCount(record));
  return parts;
}
