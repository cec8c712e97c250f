import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { parseChannel, type Parsed } from "../../testing/channels.ts";
import { type AnyRecord, readMain, rewritten } from "../../testing/main_channel.ts";
import { EXAMPLES } from "../../testing/main_examples.ts";
import { FAULTS, faultyBytes } from "../../testing/main_faults/mod.ts";
import { MAIN_CHANNELS, type MainChannel } from "../../testing/main_captures.ts";
import { type Finding, WireError } from "../wire/mod.ts";
import { ChannelParser } from "./channel_parser.ts";
import type { Grammar } from "./channel_reader.ts";
import { MainGrammar } from "./main.ts";
import type { BaseRecord } from "./record.ts";

/** Feeds `bytes` in pieces of `piece` bytes, and passes over all that the parser does not want to see. */
function skipping(grammar: Grammar, bytes: Uint8Array, piece: number): Parsed<AnyRecord> {
  const findings: Finding[] = [];
  const parser = new ChannelParser(grammar, { channel: "main", report: (finding) => findings.push(finding) });
  const records: BaseRecord[] = [];
  while (parser.offset < bytes.length) {
    const { offset } = parser;
    const skip = Math.min(parser.skippable, bytes.length - offset);
    records.push(...skip > 0 ? parser.skip(skip) : parser.push(bytes.subarray(offset, offset + piece)));
  }
  records.push(...parser.end());
  return { records: records as AnyRecord[], findings };
}

const options = { channel: "main" };

/** The same pieces again and again. */
function* repeating(pieces: readonly number[]): Generator<number> {
  for (;;) yield* pieces;
}

/** Says which record differs: whole lists of records are too long to be shown. */
function assertSame(actual: Parsed<AnyRecord>, expected: Parsed<AnyRecord>, how: string): void {
  for (const [i, record] of expected.records.entries()) assertEquals(actual.records[i], record, `${how}, record ${i}`);
  assertEquals(actual.records.length, expected.records.length, how);
  assertEquals(actual.findings, expected.findings, how);
}

/** Longest synthetic stream that is fed in small pieces here, bytes. */
const SYNTHETIC_LIMIT = 60_000;

const faulty = FAULTS.filter((fault) => faultyBytes(fault).length < SYNTHETIC_LIMIT);
const SYNTHETIC = [
  ...Object.entries(EXAMPLES).filter(([, bytes]) => bytes.length < SYNTHETIC_LIMIT),
  ...faulty.map((fault): [string, Uint8Array] => [fault.name, faultyBytes(fault)]),
];

for (const [name, bytes] of Object.entries(EXAMPLES)) {
  Deno.test(`${name}: is read without a finding, tiles, and is written again as it was`, () => {
    const { findings, records } = readMain(bytes);
    assertEquals(findings, []);
    const opaque = records.filter(({ kind }) => kind === "opaque").map(({ reason }) => reason);
    assertEquals(opaque, name === "COLO" ? ["COLO messages"] : []);
  });
}

Deno.test("a main channel gives the same records and findings byte for byte as at once", () => {
  for (const [name, bytes] of SYNTHETIC) {
    const whole = parseChannel<AnyRecord>(new MainGrammar(), bytes, [], options);
    const bytewise = parseChannel<AnyRecord>(new MainGrammar(), bytes, repeating([1]), options);
    assertSame(bytewise, whole, name);
  }
});

Deno.test("a main channel gives the same records and findings in any pieces", () => {
  const example = fc.constantFrom(...SYNTHETIC);
  const pieces = fc.array(fc.oneof(fc.nat(20), fc.nat(5000)), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(example, pieces, fc.boolean(), ([name, bytes], lengths, again) => {
      const whole = parseChannel<AnyRecord>(new MainGrammar(), bytes, [], options);
      const list = lengths.map((length) => length + 1);
      const split = parseChannel<AnyRecord>(new MainGrammar(), bytes, again ? repeating(list) : list, options);
      assertSame(split, whole, `${name}, pieces of ${lengths.join(", ")}`);
    }),
    { seed: 19, numRuns: 300 },
  );
});

Deno.test("a main channel gives the same records and findings when payloads are skipped", () => {
  for (const [name, bytes] of [...SYNTHETIC, ...Object.entries(EXAMPLES)]) {
    const whole = parseChannel<AnyRecord>(new MainGrammar(), bytes, [], options);
    for (const piece of [13, 1000]) {
      assertSame(skipping(new MainGrammar(), bytes, piece), whole, `${name}, ${piece}`);
    }
  }
});

Deno.test("a strict main channel throws the same finding byte for byte as at once", () => {
  for (const fault of faulty.filter(({ severity }) => severity !== "warning")) {
    const strict = (pieces: Iterable<number>): Finding =>
      assertThrows(
        () => parseChannel(new MainGrammar(), faultyBytes(fault), pieces, { ...options, strict: true }),
        WireError,
      ).finding;
    assertEquals(strict(repeating([1])), strict([]), fault.name);
  }
});

Deno.test("a main channel that is cut anywhere is read up to there, and says what is missing", () => {
  for (const [name, bytes] of Object.entries(EXAMPLES)) {
    const step = Math.max(1, Math.floor(bytes.length / 400));
    const whole = parseChannel<AnyRecord>(new MainGrammar(), bytes, [], options).records;
    for (let length = 0; length < bytes.length; length += step) {
      const cut = bytes.subarray(0, length);
      const grammar = new MainGrammar();
      const { records, findings } = parseChannel<AnyRecord>(grammar, cut, [], options);
      assertEquals(rewritten(records, cut).length, length, name);
      const last = records.at(-1);
      if (last?.kind === "truncated") {
        assertEquals(findings.map(({ code, offset }) => [code, offset]), [["truncated", length]], `${name}, ${length}`);
        assert(last["missing"] >= 1);
      } else assert(grammar.ending !== "cut", `${name}, ${length}: ${grammar.ending}`);
      // Runs of pages are shorter where they are cut; anything else before the cut is as in the whole stream.
      const stable = records.slice(0, -2).filter(({ extent }) => extent !== "guessed");
      for (const record of stable) {
        assert(
          whole.some(({ kind, offset }) => kind === record.kind && offset === record.offset),
          `${name}, ${length}`,
        );
      }
    }
  }
});

/** Largest channel that is fed in small pieces here, bytes. */
const CAPTURE_LIMIT = 1_000_000;

/** Feeds a recorded channel in `pieces` and compares with what it gives at once. */
function assertCaptureSplit({ name, bytes, grammar }: MainChannel, pieces: Iterable<number>): void {
  const whole = parseChannel<AnyRecord>(grammar(), bytes, [], options);
  assertSame(parseChannel<AnyRecord>(grammar(), bytes, pieces, options), whole, name);
}

const small = MAIN_CHANNELS.filter(({ bytes }) => bytes.length < CAPTURE_LIMIT);

Deno.test({
  name: "each recorded main, recovery and preempt channel is the same byte for byte",
  ignore: small.length === 0,
  fn(): void {
    for (const channel of small) assertCaptureSplit(channel, repeating([1]));
  },
});

Deno.test({
  name: "each recorded main, recovery and preempt channel is the same in any pieces, and with payloads skipped",
  ignore: small.length === 0,
  fn(): void {
    const pieces = fc.array(fc.oneof(fc.nat(50), fc.nat(9000)), { minLength: 1, maxLength: 30 });
    for (const channel of small) {
      fc.assert(
        fc.property(pieces, (lengths) => assertCaptureSplit(channel, repeating(lengths.map((length) => length + 1)))),
        { seed: 8, numRuns: 4 },
      );
      const whole = parseChannel<AnyRecord>(channel.grammar(), channel.bytes, [], options);
      assertSame(skipping(channel.grammar(), channel.bytes, 500), whole, channel.name);
    }
  },
});
