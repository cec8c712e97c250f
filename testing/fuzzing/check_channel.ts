import { equals } from "@std/bytes";
import { ChannelParser, type Grammar, serialise } from "../../src/stream/mod.ts";
import type { BaseRecord } from "../../src/stream/record.ts";
import { type Finding, WireError } from "../../src/wire/mod.ts";
import type { Random } from "./random.ts";

/** What reading a channel gave. */
interface Outcome {
  readonly records: readonly BaseRecord[];
  readonly findings: readonly Finding[];
}

/**
 * Holds reading and writing of a channel to what must be true of any bytes: lax reading does not throw, its records tile
 * the channel and are the same however it is cut into pieces, written again they give the same bytes, and strict reading
 * throws nothing but `WireError`.
 */
export function checkChannel(bytes: Uint8Array, grammar: () => Grammar, random: Random): void {
  const whole = read(bytes, grammar(), [bytes.length]);
  tiles(whole.records, bytes.length);
  placed(whole.findings, bytes.length);
  same(whole, read(bytes, grammar(), pieces(bytes.length, random)));
  writtenAgain(whole.records, bytes);
  strictly(bytes, grammar());
}

function read(bytes: Uint8Array, grammar: Grammar, lengths: Iterable<number>): Outcome {
  const findings: Finding[] = [];
  const parser = new ChannelParser(grammar, { report: (finding) => findings.push(finding) });
  const records: BaseRecord[] = [];
  for (const length of lengths) {
    for (const record of parser.push(bytes.subarray(parser.offset, parser.offset + length))) records.push(record);
    // What nobody looks at may be skipped; every other piece is.
    if (length % 2 === 0) continue;
    const skipped = Math.min(parser.skippable, bytes.length - parser.offset);
    if (skipped > 0) { for (const record of parser.skip(skipped)) records.push(record); }
  }
  records.push(...parser.push(bytes.subarray(parser.offset)), ...parser.end());
  return { records, findings };
}

/** Lengths of a few pieces, some of them very short. */
function pieces(length: number, random: Random): number[] {
  return Array.from({ length: 1 + random.below(8) }, () => random.below(random.once(2) ? 16 : length + 1));
}

function tiles(records: readonly BaseRecord[], length: number): void {
  let at = 0;
  for (const record of records) {
    if (record.offset !== at || record.length < 0) {
      throw new Error(`${record.kind} is at ${record.offset} with ${record.length} bytes, expected at ${at}`);
    }
    at += record.length;
  }
  if (at !== length) throw new Error(`records end at ${at}, the channel at ${length}`);
}

function placed(findings: readonly Finding[], length: number): void {
  for (const { offset, code, message } of findings) {
    if (!(offset >= 0 && offset <= length)) throw new Error(`finding ${code} is at ${offset} of ${length}`);
    if (code === "" || message === "") throw new Error(`a finding at ${offset} says nothing`);
  }
}

function same(one: Outcome, other: Outcome): void {
  const a = [...one.records.map(placeOf), ...one.findings.map(saying)];
  const b = [...other.records.map(placeOf), ...other.findings.map(saying)];
  const at = a.findIndex((line, i) => line !== b[i]);
  if (at >= 0 || a.length !== b.length) throw new Error(`in pieces there is "${b[at]}" instead of "${a[at]}"`);
}

function placeOf({ kind, offset, length }: BaseRecord): string {
  return `${kind} ${offset} ${length}`;
}

function saying({ code, offset, severity }: Finding): string {
  return `${severity} ${code} ${offset}`;
}

function writtenAgain(records: readonly BaseRecord[], bytes: Uint8Array): void {
  for (const record of records) {
    let at = record.offset;
    for (const part of serialise(record)) {
      const isSame = part instanceof Uint8Array
        ? equals(part, bytes.subarray(at, at + part.length))
        : part.offset === at;
      if (!isSame) throw new Error(`${record.kind} at ${record.offset} is written differently, from ${at} on`);
      at += part.length;
    }
    if (at !== record.offset + record.length) {
      throw new Error(`${record.kind} at ${record.offset} is written up to ${at}`);
    }
  }
}

function strictly(bytes: Uint8Array, grammar: Grammar): void {
  const parser = new ChannelParser(grammar, { strict: true });
  try {
    parser.push(bytes);
    parser.end();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  }
}
