import { MemorySource } from "../capture/mod.ts";
import { pageContents, type Part, type RamPageRecord, serialise } from "../stream/mod.ts";
import { RAM_SAVE_FLAG, ramPageHeader } from "../wire/mod.ts";
import { arrivalOf } from "./apply.ts";
import { EditError } from "./edit_error.ts";
import { encodeRecord } from "./fields.ts";
import { isChanged, type Slip, type Track } from "./sheet.ts";
import type { Span } from "./splice.ts";

/** What a slip puts into its channel; the ranges are of the channel that it was read from. */
export function partsOf(slip: Slip): Part[] {
  const { record, data, offset, length } = slip;
  if (record === undefined || !isChanged(slip)) return [{ offset, length }];
  if (data === undefined) {
    try {
      return [...serialise(record)];
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new EditError("value", error.message, "", { cause: error });
    }
  }
  if (record.kind === "ram-page") return [...pagesWith(record as RamPageRecord, data)];
  return [encodeRecord(record), data];
}

/** A run of pages with other contents. */
function* pagesWith(run: RamPageRecord, data: Uint8Array): Generator<Part> {
  for (let i = 0; i < run.count; i++) {
    const pageOffset = run.pageOffset + i * run.pageSize;
    const next = { pageOffset, flags: RAM_SAVE_FLAG.PAGE | RAM_SAVE_FLAG.CONTINUE };
    yield ramPageHeader.encode(i === 0 ? { ...next, flags: run.flags, block: run.block } : next);
    yield data.subarray(i * pageContents(run, i).length, (i + 1) * run.pageSize);
  }
}

/** Bytes that a slip puts into its channel. */
export function lengthOf(slip: Slip): number {
  if (slip.dropped) return 0;
  const length = isChanged(slip) ? partsOf(slip).reduce((sum, part) => sum + part.length, 0) : slip.length;
  return Math.min(length, slip.cut ?? length);
}

/** When bytes of an edited channel arrive. */
export interface Arrival {
  /** How many bytes. */
  readonly length: number;
  /** One after the other, with the bytes of the channel as it was read from here on. */
  readonly from: number;
  /** All of them when so many bytes of it have arrived. */
  readonly to: number;
}

/** What a channel now is. */
export interface Rendered {
  readonly spans: readonly Span[];
  /** Of all its bytes, in their order. */
  readonly arrivals: readonly Arrival[];
  /** Where each slip begins. */
  readonly places: ReadonlyMap<Slip, number>;
}

/** The stretches that a channel now consists of. */
export function renderTrack(track: Track): Rendered {
  const spans: Span[] = [];
  const arrivals: Arrival[] = [];
  const places = new Map<Slip, number>();
  let at = 0;
  let arrived = 0;
  for (const slip of track.slips) {
    const start = at;
    let left = slip.cut ?? Infinity;
    for (const part of slip.dropped ? [] : partsOf(slip)) {
      const length = Math.min(part.length, left);
      if (length === 0) continue;
      const bytes = part instanceof Uint8Array;
      const source = bytes ? new MemorySource(part) : slip.track.source;
      spans.push({ source, offset: bytes ? 0 : part.offset, length });
      left -= length;
      at += length;
    }
    const { from, to } = arrivalOf(slip);
    // What comes behind something else cannot come before it.
    arrived = Math.max(arrived, to);
    if (at > start) {
      places.set(slip, start);
      arrivals.push({ length: at - start, from: Math.min(from, arrived), to: arrived });
    }
    if (slip.cut !== undefined) break;
  }
  return { spans, arrivals, places };
}
