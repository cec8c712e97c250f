import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { concat } from "@std/bytes";
import { page, ramStream, zeroPage } from "../../testing/main_stream.ts";
import { devicePacket, multifdChannel } from "../../testing/memory_capture.ts";
import {
  MainGrammar,
  MultifdGrammar,
  type MultifdInitRecord,
  OpaqueGrammar,
  pageContents,
  type RamPageRecord,
  type RamZeroRecord,
} from "../stream/mod.ts";
import { type ChannelPiece, isWhole, PIECE_LIMIT, PieceStream, SerialiseStream } from "./mod.ts";
import { bytesOfStream, chunked, CountingSource, settled } from "./streams_for_test.ts";

const CHUNK = 64 * 1024;

/** The bytes that a piece has of a range of the channel. */
function rangeOf({ bytes, offset }: ChannelPiece, range: { offset: number; length: number } | undefined): Uint8Array {
  assert(range !== undefined);
  return bytes.subarray(range.offset - offset, range.offset - offset + range.length);
}

Deno.test("a piece of PieceStream has the buffer of device state that its record names", async () => {
  const bytes = multifdChannel(0, devicePacket(0, 300_000), devicePacket(1, 5));
  bytes.fill(0xab, bytes.length - 5);
  const pieces = await Array.fromAsync(chunked(bytes, [1000]).pipeThrough(new PieceStream(new MultifdGrammar())));
  assertEquals(pieces.map(({ record }) => record?.kind), [
    "multifd-init",
    "multifd-device-state",
    "multifd-device-state",
  ]);
  assert(pieces.every(isWhole));
  const [, first, second] = pieces;
  assert(first !== undefined && second !== undefined);
  assertEquals(rangeOf(first, first.record?.payload).length, 300_000);
  assertEquals(rangeOf(second, second.record?.payload), new Uint8Array(5).fill(0xab));
});

Deno.test("a run of pages that is long is cut by PieceStream, and every page can be had", async () => {
  const count = 1000;
  const pages = Array.from({ length: count }, (_, i) => page(i * 4096, i === 0 ? "pc.ram" : undefined, i & 0xff));
  const bytes = ramStream(count * 4096).part(2, pages).end(2, []).eof().bytes();
  let seen = 0;
  for await (const piece of chunked(bytes, [CHUNK]).pipeThrough(new PieceStream(new MainGrammar()))) {
    assert(isWhole(piece));
    if (piece.record?.kind !== "ram-page") continue;
    const run = piece.record as RamPageRecord;
    assert(run.length <= PIECE_LIMIT / 2);
    assertEquals(run.pageOffset, seen * 4096);
    for (let i = 0; i < run.count; i++) {
      assertEquals(rangeOf(piece, pageContents(run, i)), new Uint8Array(4096).fill(seen++ & 0xff));
    }
  }
  assertEquals(seen, count);
});

Deno.test("a run of zero pages is cut by PieceStream, too", async () => {
  const count = 130_000;
  const zeros = Array.from({ length: count }, (_, i) => zeroPage(i * 4096, i === 0 ? "pc.ram" : undefined));
  const bytes = ramStream(count * 4096).part(2, concat(zeros)).end(2, []).eof().bytes();
  const runs: RamZeroRecord[] = [];
  for await (const piece of chunked(bytes, [CHUNK]).pipeThrough(new PieceStream(new MainGrammar()))) {
    assert(isWhole(piece));
    if (piece.record?.kind === "ram-zero") runs.push(piece.record as RamZeroRecord);
  }
  assertEquals(runs.length, 2);
  assertEquals(runs.reduce((sum, run) => sum + run.count, 0), count);
});

Deno.test("PieceStream passes on what is longer than it holds, and SerialiseStream writes it", async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(CHUNK));
  const source = new CountingSource(bytes, 160);
  const [kept, written] = source.stream.pipeThrough(new PieceStream(new OpaqueGrammar("anything"))).tee();
  const again = bytesOfStream(written.pipeThrough(new SerialiseStream()));
  const pieces = await Array.fromAsync(kept);
  assertLess(Math.max(...pieces.map((piece) => piece.bytes.length)), PIECE_LIMIT + CHUNK + 1);
  const last = pieces.pop();
  assert(pieces.every(({ record }) => record === undefined));
  assert(last !== undefined && !isWhole(last));
  assertEquals([last.record?.kind, last.record?.offset, last.record?.length], ["opaque", 0, 160 * CHUNK]);
  const all = await again;
  assertEquals(all.length, 160 * CHUNK);
  for (let at = 0; at < all.length; at += CHUNK) assertEquals(all.subarray(at, at + CHUNK), bytes);
});

Deno.test("one chunk of any size is no more to hold for PieceStream", async () => {
  const pieces = chunked(new Uint8Array(5 * PIECE_LIMIT), [5 * PIECE_LIMIT]).pipeThrough(
    new PieceStream(new OpaqueGrammar("anything")),
  );
  for await (const { bytes } of pieces) assert(bytes.length <= PIECE_LIMIT + CHUNK);
});

Deno.test("PieceStream takes nothing more from the source while nobody reads", async () => {
  const packet = multifdChannel(0).length;
  const bytes = multifdChannel(0, Array.from({ length: 50 }, (_, i) => devicePacket(i, 1000)));
  let taken = 0;
  const source = chunked(bytes, [packet, 1332]).pipeThrough(
    new TransformStream(
      {
        transform(chunk, controller): void {
          taken++;
          controller.enqueue(chunk);
        },
      },
      { highWaterMark: 1 },
      { highWaterMark: 0 },
    ),
  );
  const reader = source.pipeThrough(new PieceStream(new MultifdGrammar())).getReader();
  await reader.read();
  await settled();
  assertLess(taken, 6);
  await reader.cancel();
});

Deno.test("SerialiseStream writes what was changed in a record, and leaves out pieces that are not there", async () => {
  const bytes = multifdChannel(0, devicePacket(0, 10), devicePacket(1, 20));
  const change = new TransformStream<ChannelPiece, ChannelPiece>({
    transform(piece, controller): void {
      if (piece.record?.kind !== "multifd-init") controller.enqueue(piece);
      else controller.enqueue({ ...piece, record: { ...piece.record, id: 7 } as MultifdInitRecord });
    },
  });
  const drop = new TransformStream<ChannelPiece, ChannelPiece>({
    transform(piece, controller): void {
      if (!(piece.record !== undefined && "idx" in piece.record && piece.record.idx === 0)) controller.enqueue(piece);
    },
  });
  const written = chunked(bytes, [100]).pipeThrough(new PieceStream(new MultifdGrammar()))
    .pipeThrough(change).pipeThrough(drop).pipeThrough(new SerialiseStream());
  assertEquals(await bytesOfStream(written), multifdChannel(7, devicePacket(1, 20)));
});

Deno.test("SerialiseStream refuses a payload that is not in its piece", async () => {
  const [, piece] = await Array.fromAsync(
    chunked(multifdChannel(0, devicePacket(0, 10)), [100]).pipeThrough(new PieceStream(new MultifdGrammar())),
  );
  assert(piece !== undefined);
  const short = ReadableStream.from([{ ...piece, bytes: piece.bytes.subarray(0, 290) }]);
  await assertRejects(
    () => Array.fromAsync(short.pipeThrough(new SerialiseStream())),
    RangeError,
    "its payload is not in its 290 bytes",
  );
});
