/**
 * How far a stream with gaps can be read. Zeros stand for what is lost; where all of a gap lies in bytes that are carried
 * and not interpreted (a page, device state), reading stays in step, and what follows is what it was.
 *
 * @module
 */

import { type BaseRecord, ChannelParser, pageContents, type RamPageRecord } from "../../stream/mod.ts";
import type { ByteRange } from "../../bytes/mod.ts";
import type { Capture, CaptureChannel } from "../capture.ts";
import { recordBatches } from "../drive.ts";
import { ChannelGrammars, identifyChannels } from "../reading.ts";
import { OffsetSource } from "../source.ts";
import type { AssembledStream, Gap } from "./tcp_stream.ts";

/** Bytes behind a gap that are read before it is known what the gap lies in: no record is that long that is kept. */
const UNDECIDED_LIMIT = 64 * 1024 * 1024;

/**
 * Finds how far each channel with gaps can be read: bytes up to the first gap after which reading would be out of step, all
 * if there is none.
 *
 * @param capture With all bytes of its channels, zeros in the gaps.
 * @param streams The gaps of the channels; a channel that is not named has none.
 */
export function findReadable(
  capture: Capture,
  streams: ReadonlyMap<CaptureChannel, AssembledStream>,
): Map<CaptureChannel, number> {
  const found = new Map<CaptureChannel, number>();
  const grammars = new ChannelGrammars({});
  for (const entry of identifyChannels(capture)) {
    const { channel } = entry;
    const stream = streams.get(channel);
    const tellsOthers = entry.identity.role === "main" || entry.identity.role === "recovery";
    if (channel.source === undefined || (stream === undefined && !tellsOthers)) continue;
    const walk = new GapWalk(channel.source.size, stream);
    const parser = new ChannelParser(grammars.for(entry));
    const reached = walk.reach < channel.source.size ? new OffsetSource(channel.source, 0, walk.reach) : channel.source;
    for (const records of recordBatches(reached, parser)) {
      if (!records.every((record) => walk.pass(record)) || parser.offset > walk.readable + UNDECIDED_LIMIT) break;
    }
    if (stream !== undefined) found.set(channel, walk.readable);
  }
  return found;
}

/** Goes over gaps and records together. */
class GapWalk {
  readonly #size: number;
  readonly #gaps: Iterator<Gap> | undefined;
  /** Behind this nothing is readable: with the gap there, more is lost than was captured. Zeros in it need not be read. */
  readonly reach: number;
  #gap: Gap | undefined;
  /** Zeros that may still stand for what is lost: no more than there are bytes, or a small file could become a huge one. */
  #zeros: number;

  constructor(size: number, stream: AssembledStream | undefined) {
    this.#size = size;
    this.#gaps = stream?.gaps();
    this.#zeros = stream?.captured ?? 0;
    this.reach = stream === undefined ? size : reachOf(stream, this.#zeros);
    this.#next();
  }

  /** Whether reading goes on behind `record`. */
  pass(record: BaseRecord): boolean {
    while (this.#gap !== undefined && this.#gap.offset < record.offset + record.length) {
      this.#zeros -= this.#gap.length;
      if (this.#zeros < 0 || !holds(record, this.#gap)) return false;
      this.#next();
    }
    return true;
  }

  /** How far it went. */
  get readable(): number {
    return this.#gap?.offset ?? this.#size;
  }

  #next(): void {
    const next = this.#gaps?.next();
    this.#gap = next?.done === false ? next.value : undefined;
  }
}

/** Where the gap begins with which more than `zeros` bytes are lost; the end if there is none. */
function reachOf(stream: AssembledStream, zeros: number): number {
  let left = zeros;
  for (const { offset, length } of stream.gaps()) {
    left -= length;
    if (left < 0) return offset;
  }
  return stream.size;
}

/** Whether all of a gap is in what a record carries without interpreting it. */
function holds(record: BaseRecord, gap: Gap): boolean {
  if (record.kind === "ram-page") return isWithin(pageAt(record as RamPageRecord, gap.offset), gap);
  if (record.kind === "opaque" || record.kind === "truncated" || record.payload === undefined) return false;
  return isWithin(record.payload, gap);
}

/** The contents of the page of a run that begin at or before `offset`, or of the first. */
function pageAt(run: RamPageRecord, offset: number): ByteRange {
  const first = pageContents(run, 0);
  const index = Math.floor((offset - first.offset) / (8 + run.pageSize));
  return index <= 0 ? first : pageContents(run, index);
}

function isWithin(range: ByteRange, gap: Gap): boolean {
  return gap.offset >= range.offset && gap.offset + gap.length <= range.offset + range.length;
}
