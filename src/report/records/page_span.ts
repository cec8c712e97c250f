import type { BaseRecord, RamPageRecord, RamZeroRecord } from "../../stream/mod.ts";
import { hex } from "../../wire/mod.ts";
import { aside, bits, count, type SummaryField, text, word } from "./summary_field.ts";

/** Pages of one block that follow each other in the stream, in whatever order. */
export interface PageSpan {
  /** The block. */
  readonly block: string;
  /** Number of pages. */
  readonly pages: number;
  /** Offset in the block of the lowest page. */
  readonly start: number;
  /** Offset in the block after the highest page. */
  readonly end: number;
  /** Stretches of pages that also follow each other in the block. */
  readonly runs: number;
  /** Zero pages: the byte that fills them. */
  readonly fill?: number;
}

const PAGE_KINDS: ReadonlySet<string> = new Set(["ram-page", "ram-zero", "ram-xbzrle", "ram-compress-page"]);

/** The pages of a record; undefined if it is no page record. */
export function spanOf(record: BaseRecord): PageSpan | undefined {
  if (!PAGE_KINDS.has(record.kind)) return undefined;
  // A difference or a compressed page is one page: it has no count.
  const { block, pageOffset, pageSize, count = 1, fill } = record as Partial<RamZeroRecord> & RamPageRecord;
  const end = pageOffset + count * pageSize;
  return { block, pages: count, start: pageOffset, end, runs: 1, ...(fill === undefined ? {} : { fill }) };
}

/** Both together, if they are of one block and fill. */
export function joinSpans(a: PageSpan, b: PageSpan): PageSpan | undefined {
  if (a.block !== b.block || a.fill !== b.fill) return undefined;
  return {
    ...a,
    pages: a.pages + b.pages,
    start: Math.min(a.start, b.start),
    end: Math.max(a.end, b.end),
    runs: a.runs + b.runs,
  };
}

/** The values of a span that matter. */
export function summariseSpan({ block, pages, start, end, runs, fill = 0 }: PageSpan): SummaryField[] {
  return [
    text("block", block),
    count("pages", pages),
    word(`${hex(start)}..${hex(end)}`),
    ...(fill === 0 ? [] : [bits("fill", fill)]),
    ...(runs === 1 ? [] : [aside(`${runs} runs`)]),
  ];
}
