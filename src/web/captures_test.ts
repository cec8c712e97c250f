import { assert, assertEquals, assertGreater } from "@std/assert";
import { CAPTURE_NAMES, channelBytes } from "../../testing/main_captures.ts";
import { CAPTURES } from "../../testing/real_captures.ts";
import { ChannelGrammars, identifyChannels, openCapture } from "../capture/mod.ts";
import { type BaseRecord, ChannelParser, type Grammar, type RamPageRecord } from "../stream/mod.ts";
import { type ChannelPiece, isWhole, PIECE_LIMIT, PieceStream, RecordStream, SerialiseStream } from "./mod.ts";
import { bytesOfStream, chunked, randomLengths } from "./streams_for_test.ts";

/** Runs of pages that follow each other, as one: in pieces they are cut. */
function joined(records: readonly BaseRecord[]): BaseRecord[] {
  const runs: BaseRecord[] = [];
  for (const record of records) {
    const last = runs.at(-1);
    if (isRun(record) && isRun(last) && goesOn(last, record)) {
      runs[runs.length - 1] = {
        ...last,
        length: last.length + record.length,
        count: last.count + record.count,
      } as BaseRecord;
    } else runs.push(record);
  }
  return runs;
}

type Run = RamPageRecord & { readonly fill?: number };

function isRun(record: BaseRecord | undefined): record is Run {
  return record?.kind === "ram-page" || (record as BaseRecord | undefined)?.kind === "ram-zero";
}

/** QEMU's flag of a page in the block of the page before. */
const CONTINUE = 0x20;

function goesOn(run: Run, next: Run): boolean {
  return next.kind === run.kind && next.block === run.block && next.fill === run.fill &&
    (next.flags & CONTINUE) !== 0 &&
    next.pageOffset === run.pageOffset + run.count * run.pageSize;
}

function parsed(bytes: Uint8Array, grammar: Grammar): BaseRecord[] {
  const parser = new ChannelParser(grammar);
  return [...parser.push(bytes), ...parser.end()];
}

function assertTiles(pieces: readonly ChannelPiece[], length: number): void {
  let at = 0;
  for (const piece of pieces) {
    assertEquals(piece.offset, at);
    at += piece.bytes.length;
    assert(piece.bytes.length <= PIECE_LIMIT + 64 * 1024, "no piece is long");
    const { record } = piece;
    if (record === undefined) continue;
    assertEquals(record.offset + record.length, at);
    assertEquals(isWhole(piece), record.length === piece.bytes.length);
  }
  assertEquals(at, length);
}

for (const [seed, name] of CAPTURE_NAMES.entries()) {
  Deno.test(`streams: ${name} gives the records of a ChannelParser, and the same bytes again`, async () => {
    const capture = openCapture(new URL(name, CAPTURES).pathname);
    try {
      // Grammars share what the main channel tells: each way of reading has its own.
      const [plain, records, pieces] = [new ChannelGrammars({}), new ChannelGrammars({}), new ChannelGrammars({})];
      for (const [index, entry] of identifyChannels(capture).entries()) {
        const bytes = channelBytes(entry);
        const expected = parsed(bytes, plain.for(entry));
        const lengths = randomLengths(seed * 100 + index, 64 * 1024);
        const stream = chunked(bytes, lengths).pipeThrough(new RecordStream(records.for(entry)));
        assertEquals(await Array.fromAsync(stream), expected, entry.label);

        const [kept, written] = chunked(bytes, lengths).pipeThrough(new PieceStream(pieces.for(entry))).tee();
        const all = Array.fromAsync(kept);
        const again = await bytesOfStream(written.pipeThrough(new SerialiseStream()));
        assertTiles(await all, bytes.length);
        const inPieces = (await all).flatMap(({ record }) => record ?? []);
        assertEquals(joined(inPieces), joined(expected), entry.label);
        assertEquals(again.length, bytes.length, entry.label);
        assert(again.every((byte, at) => byte === bytes[at]), `${entry.label} is written as it was`);
      }
    } finally {
      capture.close();
    }
  });
}

Deno.test({
  name: "streams: the captures of real migrations are there",
  ignore: CAPTURE_NAMES.length === 0,
  fn: () => assertGreater(CAPTURE_NAMES.length, 50),
});
