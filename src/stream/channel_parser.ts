import { Incomplete } from "../bytes/mod.ts";
import { type Finding, WireError } from "../wire/mod.ts";
import { ChannelReader, type Grammar } from "./channel_reader.ts";
import type { BaseRecord, OpaqueRecord, TruncatedRecord } from "./record.ts";

/** A record is tried so often with no more bytes than it asked for. */
const EXACT_ATTEMPTS = 8;

/** How a {@linkcode ChannelParser} treats what it reads. */
export interface ParserOptions {
  /** Label of the channel in findings. */
  readonly channel?: string;
  /** Throw `WireError` on the first error. Otherwise errors become findings and the rest of the channel opaque. */
  readonly strict?: boolean;
  /** Receives findings as they are made. */
  readonly report?: (finding: Finding) => void;
  /**
   * Bytes that the record of a run of RAM pages has at most, if it has more than one page; a longer run is several records.
   * For who keeps the bytes of each record. Any number if absent.
   */
  readonly longestRun?: number;
}

/**
 * Takes the bytes of a channel in pieces of any size and gives records. Sans-IO: it reads no file and waits for nothing.
 * The records are the same however the input is cut into pieces.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ChannelParser, MainGrammar } from "@migwire/migwire/stream";
 *
 * const parser = new ChannelParser(new MainGrammar(), { channel: "main" });
 * const records = [
 *   ...parser.push(Uint8Array.fromHex("5145564d0000")),
 *   ...parser.push(Uint8Array.fromHex("000300")),
 *   ...parser.end(),
 * ];
 * assertEquals(records.map(({ kind, offset, length }) => [kind, offset, length]), [["file-header", 0, 8], ["eof", 8, 1]]);
 * ```
 */
export class ChannelParser {
  readonly #grammar: Grammar;
  readonly #reader: ChannelReader;
  readonly #strict: boolean;
  readonly #report: (finding: Finding) => void;
  /** Findings of the record being read: they count once it is complete, since an attempt may have to be repeated. */
  #noted: Finding[] = [];
  /** Bytes kept from earlier pieces: the beginning of a record. */
  #kept = new Uint8Array(0);
  #keptLength = 0;
  /** Bytes of input that make another attempt worth while. */
  #wanted = 1;
  /** Attempts at the record that is begun. */
  #attempts = 0;
  /** Bytes that the last attempt lacked. */
  #missing = 0;
  #offset = 0;

  /** A parser of the channel that `grammar` describes. */
  constructor(grammar: Grammar, options: ParserOptions = {}) {
    this.#grammar = grammar;
    this.#reader = new ChannelReader({
      channel: options.channel ?? "?",
      strict: options.strict ?? false,
      report: (finding) => this.#noted.push(finding),
      ...(options.longestRun === undefined ? {} : { longestRun: options.longestRun }),
    });
    this.#strict = options.strict ?? false;
    this.#report = options.report ?? (() => {});
  }

  /** Channel offset of the next byte to be pushed or skipped. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes from {@linkcode offset} on that nobody will look at: they may be given to {@linkcode skip} instead. */
  get skippable(): number {
    return this.#keptLength > 0 ? 0 : this.#reader.passing;
  }

  /**
   * Takes the next bytes; gives the records that they complete. The bytes are not kept: `bytes` may be reused.
   *
   * @param bytes The next bytes of the channel, any number of them.
   * @returns The records that are complete with them, in their order.
   * @throws `WireError` if the parser is strict and something is wrong.
   */
  push(bytes: Uint8Array): BaseRecord[] {
    const reader = this.#reader;
    const base = this.#offset;
    let pos = 0;
    while (pos < bytes.length) {
      if (reader.passing > 0) {
        const count = Math.min(bytes.length - pos, reader.passing);
        reader.passed(count);
        pos += count;
      } else if (this.#keptLength > 0) {
        // Only as much as the begun record asks for is copied; the rest is read where it lies.
        const count = Math.min(bytes.length - pos, Math.max(1, this.#wanted - this.#keptLength));
        this.#keep(bytes.subarray(pos, pos + count));
        pos += count;
        if (this.#keptLength >= this.#wanted) this.#run(this.#kept, 0, this.#keptLength, base + pos - this.#keptLength);
      } else {
        this.#run(bytes, pos, bytes.length, base);
        pos = bytes.length;
      }
    }
    this.#offset = base + bytes.length;
    return this.#taken();
  }

  /**
   * Tells that `count` bytes, at most {@linkcode skippable}, were passed over unread.
   *
   * @param count How many.
   * @returns The record that they belong to, when they are its last ones.
   * @throws {RangeError} If they are more.
   */
  skip(count: number): BaseRecord[] {
    if (count > this.skippable) {
      throw new RangeError(`Cannot skip ${count} bytes: only ${this.skippable} are of no interest`);
    }
    this.#offset += count;
    this.#reader.passed(count);
    return this.#taken();
  }

  /**
   * Tells that the channel ends here; gives the last records. The last is `truncated` if something was begun.
   *
   * @returns The last records.
   * @throws `WireError` if the parser is strict and the channel is cut.
   */
  end(): BaseRecord[] {
    const reader = this.#reader;
    reader.decoder.ended = true;
    if (this.#keptLength > 0) this.#run(this.#kept, 0, this.#keptLength, this.#offset - this.#keptLength);
    reader.settle();
    const rest = this.#keptLength;
    if (reader.passing > 0) reader.cutPayload(this.#offset);
    else if (rest > 0) this.#truncate(rest);
    else if (!this.#grammar.complete) {
      // An attempt on no bytes at all tells what should have come, and how much of it at least.
      reader.decoder.load(this.#kept, 0, 0, this.#offset);
      reader.decoder.reading = this.#grammar.expecting;
      try {
        this.#grammar.step(reader);
        this.#missing = reader.passing;
      } catch (error) {
        if (!(error instanceof Incomplete)) throw error;
        this.#missing = error.missing;
      }
      this.#truncate(0);
    }
    const begun = this.#kept.subarray(0, rest);
    this.#keptLength = 0;
    const records = this.#taken();
    const last = records.at(-1) as TruncatedRecord | undefined;
    if (last?.kind === "truncated") this.#noteTruncation(last, begun);
    return records;
  }

  #truncate(rest: number): void {
    const truncated: TruncatedRecord = {
      kind: "truncated",
      offset: this.#offset - rest,
      length: rest,
      expected: this.#reader.decoder.reading,
      missing: Math.max(1, this.#missing),
    };
    this.#reader.records.push(truncated);
  }

  #noteTruncation(last: TruncatedRecord, begun: Uint8Array): void {
    const words = this.#grammar.qemuAtCut?.(begun, last.length);
    const qemu = words === undefined ? "Unexpected end-of-file before all data were read" : words;
    const place = last.length === 0 ? "where this should begin:" : "inside of this:";
    const finding: Finding = {
      severity: "error",
      code: "truncated",
      channel: this.#reader.decoder.channel,
      offset: this.#offset,
      message: `the channel ends ${place} ${last.expected}; at least ${last.missing} more bytes had to come`,
      ...(qemu === null ? {} : { qemu }),
    };
    if (this.#strict) throw new WireError(finding);
    this.#report(finding);
  }

  /** Hands out the findings of a record that is complete. */
  #tell(): void {
    for (const finding of this.#noted) this.#report(finding);
    this.#noted = [];
  }

  #taken(): BaseRecord[] {
    const records = this.#reader.records;
    this.#reader.records = [];
    return records;
  }

  /** Adds to the kept bytes, in a buffer that doubles, so that byte-wise input is no slower than linear. */
  #keep(bytes: Uint8Array): void {
    const length = this.#keptLength + bytes.length;
    if (length > this.#kept.length) {
      const grown = new Uint8Array(Math.max(this.#kept.length * 2, length, 256));
      grown.set(this.#kept.subarray(0, this.#keptLength));
      this.#kept = grown;
    }
    this.#kept.set(bytes, this.#keptLength);
    this.#keptLength = length;
  }

  /** Runs the grammar over the window as far as it goes, and keeps what is left. */
  #run(bytes: Uint8Array, pos: number, end: number, base: number): void {
    const reader = this.#reader;
    const decoder = reader.decoder;
    decoder.load(bytes, pos, end, base);
    let start = pos;
    try {
      while (decoder.pos < end && reader.passing === 0) {
        start = decoder.pos;
        decoder.reading = this.#grammar.expecting;
        this.#grammar.step(reader);
        if (reader.lacking > 0) break;
        if (this.#noted.length > 0) this.#tell();
      }
      if (reader.lacking > 0) this.#lack(reader.lacking, start, pos, end);
      else {
        start = decoder.pos;
        this.#wanted = 1;
        this.#attempts = 0;
      }
    } catch (error) {
      decoder.pos = start;
      if (error instanceof Incomplete) this.#lack(error.missing, start, pos, end);
      else if (error instanceof WireError && !this.#strict) {
        this.#tell();
        this.#report(error.finding);
        this.#giveUp(error.finding.message, end);
        start = end;
      } else throw error;
    }
    const rest = end - start;
    if (bytes === this.#kept) {
      this.#kept.copyWithin(0, start, end);
      this.#keptLength = rest;
    } else {
      this.#keptLength = 0;
      if (rest > 0) this.#keep(bytes.subarray(start, end));
    }
  }

  /** The record at `start` lacks `missing` bytes, counted from the end of the window, which begins at `pos`. */
  #lack(missing: number, start: number, pos: number, end: number): void {
    this.#reader.lacking = 0;
    this.#noted = [];
    this.#missing = missing;
    const exact = end - start + missing;
    this.#attempts = start === pos ? this.#attempts + 1 : 1;
    // A record of many parts is read again from its beginning: after a while ask for a good deal more, so that the work
    // stays linear.
    this.#wanted = this.#attempts > EXACT_ATTEMPTS ? Math.max(exact, Math.ceil((end - start) * 1.5)) : exact;
  }

  /** Everything from here on is opaque: one record that ends with the channel. */
  #giveUp(reason: string, end: number): void {
    const reader = this.#reader;
    const offset = reader.decoder.offset;
    reader.decoder.pos = end;
    const rest: OpaqueRecord = {
      kind: "opaque",
      offset,
      length: Number.MAX_SAFE_INTEGER - offset,
      reason,
      payload: { offset, length: Number.MAX_SAFE_INTEGER - offset },
    };
    reader.settle();
    reader.decoder.pos = end;
    reader.pass(rest);
  }
}
