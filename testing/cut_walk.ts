import { ChannelParser, type Grammar } from "../src/stream/mod.ts";
import type { BaseRecord } from "../src/stream/record.ts";
import { type Finding, WireError } from "../src/wire/mod.ts";
import { Resumed, type Standing } from "./resumed.ts";

/** What reading a channel gave that was cut. */
export interface Cut {
  /** Where it was cut, bytes from the start. */
  readonly at: number;
  /** Records that earlier cuts have given already: these come before {@linkcode records}. */
  readonly before: number;
  /** The records, without those. */
  readonly records: readonly BaseRecord[];
  /** Of these, how many were there before the parser was told of the end. */
  readonly early: number;
  /** What was noticed about {@linkcode records}. */
  readonly findings: readonly Finding[];
  /** What strict reading threw, or that it threw nothing; undefined if it was not tried, or ended at an error before. */
  readonly strictly?: WireError | "nothing";
}

/**
 * Reads a channel as if it were cut, at one place after the other. To read it from its start for each would take a time
 * that grows with the square of its length. Instead one grammar creeps along; each cut is shown to it by a parser that
 * begins where it stands ({@linkcode Resumed}). Where it goes wrong, because it took the cut for the end of something, it is
 * made anew.
 */
export class CutWalk {
  /** The whole channel, as it is read. */
  readonly whole: readonly BaseRecord[];
  /** Whether an error was found in the whole channel, other than that it is cut. */
  readonly hasErrors: boolean;
  readonly #bytes: Uint8Array;
  readonly #fresh: () => Grammar;
  #standing: Standing;
  #before = 0;
  /** An error was noticed: strict reading ends there. */
  #failed = false;

  /** A walk over `bytes`, which `fresh` gives a grammar for. */
  constructor(bytes: Uint8Array, fresh: () => Grammar) {
    this.#bytes = bytes;
    this.#fresh = fresh;
    this.#standing = { grammar: fresh(), at: 0 };
    const findings: Finding[] = [];
    const parser = new ChannelParser(fresh(), { report: (finding) => findings.push(finding) });
    this.whole = [...parser.push(bytes), ...parser.end()];
    this.hasErrors = findings.some(({ severity, code }) => severity === "error" && code !== "truncated");
  }

  /** Where the channel was read up to, without what an unfinished record may be. */
  get reached(): number {
    return this.#standing.at;
  }

  /**
   * Cuts at `at`, which is not before the last cut.
   *
   * @param strict Read strictly as well, which takes as long again.
   */
  cut(at: number, strict: boolean): Cut {
    const findings: Finding[] = [];
    const resumed = new Resumed(this.#standing);
    const parser = new ChannelParser(resumed, { report: (finding) => findings.push(finding) });
    const records = this.#feed(parser, resumed, at);
    const early = records.length;
    const before = this.#before;
    if (findings.length > 0) this.#failed ||= findings.some(({ severity }) => severity === "error");
    this.#advance(records, parser.skippable > 0, resumed);

    const { steps } = resumed;
    for (const record of parser.end()) records.push(record);
    if (resumed.steps !== steps) this.#renew(at);
    const cut = { at, before, records, early, findings };
    return strict && !this.#failed ? { ...cut, strictly: this.#strictly(at) } : cut;
  }

  /** Feeds the channel up to `at`; gives the records that are new. */
  #feed(parser: ChannelParser, resumed: Resumed, at: number): BaseRecord[] {
    const { from } = resumed;
    const { open } = this.#standing;
    if (from > 0) {
      parser.push(this.#bytes.subarray(0, 1));
      parser.skip(from - 1);
    }
    // Of a record whose payload is passing, no more than the header is worth looking at.
    let next = open?.payload === undefined ? at : Math.min(at, this.#standing.at + 1);
    if (next === from) return [];
    const records = parser.push(this.#bytes.subarray(from, next));
    while (next < at) {
      const skipped = Math.min(parser.skippable, at - next);
      records.push(...(skipped > 0 ? parser.skip(skipped) : parser.push(this.#bytes.subarray(next, at))));
      next = skipped > 0 ? next + skipped : at;
    }
    return records;
  }

  /** Takes what is complete at this cut as done: later cuts begin after it. */
  #advance(records: readonly BaseRecord[], passing: boolean, { steps, from, reader }: Resumed): void {
    const { grammar, open } = this.#standing;
    if (steps === 0 && records.length === 0 && passing === (open?.payload !== undefined)) return;
    this.#before += records.length;
    const last = records.at(-1);
    const end = last === undefined ? from : last.offset + last.length;
    if (passing) {
      const record = this.#wholeAt(end);
      this.#standing = { grammar, at: end + record.length - (record.payload?.length ?? 0), open: record };
    } else if (reader?.held !== undefined) {
      const held = { ...reader.held };
      this.#standing = { grammar, at: held.offset + held.length, open: held };
    } else this.#standing = { grammar, at: end };
  }

  /** The whole record at `offset`, whose payload is longer than what was fed. */
  #wholeAt(offset: number): BaseRecord {
    const record = this.whole[this.#before];
    if (record?.offset !== offset) throw new Error(`Cannot go on at ${offset}: the whole channel has no record there`);
    if (record.kind !== "opaque") return (record as { cut?: BaseRecord }).cut ?? record;
    // What is not understood has no end of its own.
    const length = Number.MAX_SAFE_INTEGER - offset;
    return { ...record, length, payload: { offset, length } };
  }

  /** A grammar that has come as far as the one before, but saw no end. */
  #renew(at: number): void {
    const grammar = this.#fresh();
    new ChannelParser(grammar).push(this.#bytes.subarray(0, at));
    this.#standing = { ...this.#standing, grammar };
  }

  #strictly(at: number): WireError | "nothing" {
    const resumed = new Resumed(this.#standing);
    const parser = new ChannelParser(resumed, { strict: true });
    let steps = 0;
    // Most cuts throw, and to note down the stack takes longer than to read what is there.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      this.#feed(parser, resumed, at);
      ({ steps } = resumed);
      parser.end();
      return "nothing";
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      return error;
    } finally {
      Error.stackTraceLimit = limit;
      if (resumed.steps !== steps) this.#renew(at);
    }
  }
}
