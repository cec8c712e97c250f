import { assertEquals, assertStrictEquals, fail } from "@std/assert";
import { ChannelParser } from "../src/stream/mod.ts";
import type { BaseRecord, TruncatedRecord } from "../src/stream/record.ts";
import type { LoneChannel } from "./corpus.ts";
import { type Cut, CutWalk } from "./cut_walk.ts";

/** Cuts so near to where a record begins are all read strictly. */
const NEAR = 64;

/** Of the other cuts, one in so many. */
const STRICT_EVERY = 16;

/** How a channel is cut. */
export interface CutOptions {
  /** Where, ascending, from 0 to the length of the channel. */
  readonly cuts: Iterable<number>;
  /** Read strictly at every cut, not only near records and here and there. */
  readonly allStrictly?: boolean;
}

/**
 * Cuts a channel, and holds each report to what the whole channel is. Throws `AssertionError` with the place.
 *
 * @returns How many cuts were made.
 */
export function checkCuts(channel: LoneChannel, { cuts, allStrictly = false }: CutOptions): number {
  const walk = new CutWalk(channel.bytes, channel.grammar);
  const check = new CutCheck(channel, walk);
  let count = 0;
  for (const at of cuts) {
    const strict = allStrictly || at % STRICT_EVERY === 0 || at - walk.reached < NEAR;
    try {
      check.cut(walk.cut(at, strict));
    } catch (error) {
      throw new Error(`${channel.name} cut at ${at} of ${channel.bytes.length}`, { cause: error });
    }
    count++;
  }
  return count;
}

/** Places around the records of a channel: two bytes to either side of where each begins, and its middle. */
export function cutsAroundRecords(channel: LoneChannel): number[] {
  const parser = new ChannelParser(channel.grammar());
  const { length } = channel.bytes;
  const places = new Set([length]);
  for (const record of [...parser.push(channel.bytes), ...parser.end()]) {
    for (let near = -2; near <= 2; near++) places.add(Math.min(length, Math.max(0, record.offset + near)));
    places.add(record.offset + Math.floor(record.length / 2));
  }
  return [...places].sort((a, b) => a - b);
}

/** Every place: no byte, one byte, and so on to all. */
export function* everyCut(channel: LoneChannel): Generator<number> {
  for (let at = 0; at <= channel.bytes.length; at++) yield at;
}

/** What must hold for each cut of one channel. */
class CutCheck {
  readonly #channel: LoneChannel;
  readonly #walk: CutWalk;
  /** Where the end of a main stream stands: no earlier cut is complete. */
  readonly #eof: number;
  /** Where the record begins that the last cut was in. */
  #begun = 0;
  /** The furthest place up to which bytes were said to be missing since that record began. */
  #asked = 0;

  constructor(channel: LoneChannel, walk: CutWalk) {
    this.#channel = channel;
    this.#walk = walk;
    const needsEof = channel.role === "main" || channel.role === "recovery";
    const eof = walk.whole.find(({ kind }) => kind === "eof")?.offset ?? Infinity;
    this.#eof = needsEof ? eof : -1;
  }

  cut(cut: Cut): void {
    this.#tiles(cut);
    const last = cut.records.at(-1);
    const truncated = last?.kind === "truncated" ? last as TruncatedRecord : undefined;
    const complete = truncated === undefined ? cut.records.length : cut.records.length - 1;
    for (let i = 0; i < complete; i++) this.#asInWhole(cut, i);
    if (truncated === undefined) this.#legalEnd(cut);
    else this.#missing(cut, truncated);
    this.#report(cut, truncated);
  }

  #tiles({ at, before, records }: Cut): void {
    let end = this.#walk.whole[before]?.offset ?? this.#channel.bytes.length;
    for (const { offset, length, kind } of records) {
      if (offset !== end || length < 0) fail(`${kind} is at ${offset} and has ${length} bytes, expected at ${end}`);
      end += length;
    }
    if (end !== at) fail(`records end at ${end}`);
  }

  /** A complete record is that of the whole channel; only a run of pages, or what nobody understands, may be shorter. */
  #asInWhole({ before, records, early }: Cut, i: number): void {
    const record = records[i];
    const whole = this.#walk.whole[before + i];
    if (i >= early && record !== undefined && whole !== undefined && isBeginning(record, whole)) return;
    assertEquals(record, whole);
  }

  #legalEnd({ at }: Cut): void {
    if (at <= this.#eof) fail("a main stream without EOF is said to be complete");
    this.#begin(at, at);
  }

  /** What is missing is at least a byte, and no more than it took to go on in the whole channel. */
  #missing({ at }: Cut, { offset, missing, expected }: TruncatedRecord): void {
    if (!(missing >= 1)) fail(`${missing} bytes are missing`);
    if (expected === "") fail("nothing is said of what was expected");
    this.#begin(offset, at);
    this.#asked = Math.max(this.#asked, at + missing);
    if (at < this.#channel.bytes.length) return;
    const end = this.#walk.whole.at(-1) as TruncatedRecord;
    assertEquals([end.kind, end.missing], ["truncated", missing]);
  }

  #begin(offset: number, at: number): void {
    if (offset === this.#begun) return;
    if (this.#asked > at) fail(`bytes up to ${this.#asked} were said to be missing, but ${at} were enough`);
    this.#begun = offset;
    this.#asked = 0;
  }

  /** One error, that of the end, unless the whole channel has others. */
  #report({ at, findings, strictly }: Cut, truncated: TruncatedRecord | undefined): void {
    const errors = findings.filter(({ severity, code }) => severity === "error" && code !== "truncated");
    if (errors.length > 0 && !this.#walk.hasErrors) assertEquals(errors, []);
    const ends = findings.filter(({ code }) => code === "truncated").map(({ offset }) => offset);
    if (truncated === undefined ? ends.length > 0 : ends.length !== 1 || ends[0] !== at) {
      fail(`the end is reported at [${ends}]`);
    }
    if (strictly === undefined || this.#walk.hasErrors) return;
    const code = strictly === "nothing" ? strictly : strictly.finding.code;
    assertStrictEquals(code, truncated === undefined ? "nothing" : "truncated");
  }
}

/** Kinds that have no end of their own, and the field that tells how much of them there is. */
const OPEN_ENDED: { readonly [kind: string]: string } = {
  "opaque": "payload",
  "ram-page": "count",
  "ram-zero": "count",
  // Whether there are subsections shows only when one begins.
  "configuration": "subsections",
};

/** Whether `record` can be all that a cut left of `whole`: a run of fewer pages, say. */
function isBeginning(record: BaseRecord, whole: BaseRecord): boolean {
  const growing = OPEN_ENDED[record.kind];
  if (growing === undefined || record.length > whole.length) return false;
  const fields = Object.entries(record).filter(([key]) => key !== growing && key !== "length");
  return fields.every(([key, value]) => whole[key as keyof BaseRecord] === value);
}
