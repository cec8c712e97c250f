import { assert, assertEquals, assertInstanceOf, assertLess, assertRejects } from "@std/assert";
import fc from "fast-check";
import { FLUSH, page, ramStream, smallStream } from "../../testing/main_stream.ts";
import { devicePacket, multifdChannel } from "../../testing/memory_capture.ts";
import { ChannelParser, type Grammar, MainGrammar, MultifdGrammar, ReturnPathGrammar } from "../stream/mod.ts";
import { type Finding, WireError } from "../wire/mod.ts";
import { PieceStream, RecordStream, SerialiseStream } from "./mod.ts";
import { bytesOfStream, chunked, CountingSource, settled } from "./streams_for_test.ts";

const CHANNELS: readonly { readonly bytes: Uint8Array; readonly grammar: () => Grammar }[] = [
  { bytes: smallStream().bytes(), grammar: () => new MainGrammar() },
  {
    bytes: ramStream(0x4000).part(2, [page(0, "pc.ram"), page(0x1000), page(0x2000), FLUSH]).bytes(),
    grammar: () => new MainGrammar(),
  },
  {
    bytes: multifdChannel(1, devicePacket(0, 700), devicePacket(1, 0), devicePacket(2, 50)),
    grammar: () => new MultifdGrammar(),
  },
  {
    bytes: Uint8Array.fromHex("0002000400000001" + "000300080000000000001000" + "0001000400000000" + "0002"),
    grammar: () => new ReturnPathGrammar(),
  },
];

const lengths = fc.array(fc.nat(1500), { minLength: 1, maxLength: 20 }).map((some) => [...some, 1]);

Deno.test("RecordStream and PieceStream give the same records however the bytes are cut, and PieceStream the bytes", async () => {
  const cut = fc.nat(5000);
  const property = fc.asyncProperty(fc.constantFrom(...CHANNELS), cut, lengths, async (channel, missing, pieces) => {
    const bytes = channel.bytes.subarray(0, Math.max(0, channel.bytes.length - missing));
    const parser = new ChannelParser(channel.grammar());
    const expected = [...parser.push(bytes), ...parser.end()];
    const records = chunked(bytes, pieces).pipeThrough(new RecordStream(channel.grammar()));
    assertEquals(await Array.fromAsync(records), expected);
    const [kept, written] = chunked(bytes, pieces).pipeThrough(new PieceStream(channel.grammar())).tee();
    const again = bytesOfStream(written.pipeThrough(new SerialiseStream()));
    assertEquals((await Array.fromAsync(kept)).map(({ record }) => record), expected);
    assertEquals(await again, bytes);
  });
  await fc.assert(property, { numRuns: 150 });
});

/** A PONG. */
const PONG = Uint8Array.fromHex("0002000400000001");

Deno.test("RecordStream takes nothing more from the source while nobody reads", async () => {
  const source = new CountingSource(PONG, 1000);
  const reader = source.stream.pipeThrough(new RecordStream(new ReturnPathGrammar())).getReader();
  await settled();
  assertLess(source.taken, 4);
  for (let i = 0; i < 10; i++) assertEquals((await reader.read()).value?.offset, i * 8);
  await settled();
  assertLess(source.taken, 14, "it stays a few chunks ahead at most");
  let count = 10;
  while (!(await reader.read()).done) count++;
  assertEquals(count, 1000);
});

Deno.test("a reader of RecordStream that stops cancels the source, with its reason, and leaves no lock", async () => {
  const source = new CountingSource(PONG, 1000);
  const records = source.stream.pipeThrough(new RecordStream(new ReturnPathGrammar()));
  for await (const record of records) if (record.offset === 16) break;
  await settled();
  assertEquals(source.cancelled, undefined, "it was cancelled, without a reason");
  assert(!records.locked && !source.stream.locked);

  const other = new CountingSource(PONG, 1000);
  const reason = new Error("enough");
  await other.stream.pipeThrough(new RecordStream(new ReturnPathGrammar())).cancel(reason);
  await settled();
  assertEquals([other.cancelled, other.stream.locked], [reason, false]);
});

Deno.test("an abort ends RecordStream on both sides", async () => {
  const source = new CountingSource(PONG, 1000);
  const abort = new AbortController();
  const records = source.stream.pipeThrough(new RecordStream(new ReturnPathGrammar()), { signal: abort.signal });
  const reader = records.getReader();
  await reader.read();
  abort.abort(new Error("stop"));
  await assertRejects(
    async () => {
      while (!(await reader.read()).done);
    },
    Error,
    "stop",
  );
  await settled();
  assertEquals([(source.cancelled as Error).message, source.stream.locked], ["stop", false]);
});

Deno.test("what the source fails with is what the reader of RecordStream hears", async () => {
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("connection reset")),
  });
  const records = source.pipeThrough(new RecordStream(new ReturnPathGrammar()));
  await assertRejects(() => Array.fromAsync(records), Error, "connection reset");
  assert(!source.locked);
});

Deno.test("RecordStream that is strict fails at the first problem, and cancels the source", async () => {
  const source = new CountingSource(Uint8Array.fromHex("ffff000000000000"), 1000);
  const records = source.stream.pipeThrough(new RecordStream(new ReturnPathGrammar(), { strict: true }));
  const error = await assertRejects(() => Array.fromAsync(records), WireError);
  await settled();
  assertEquals([source.cancelled, source.stream.locked], [error, false]);
});

Deno.test("RecordStream that is not strict reports problems, also that the channel is cut", async () => {
  const findings: Finding[] = [];
  const options = { channel: "answers", report: (finding: Finding): number => findings.push(finding) };
  const source = chunked(PONG.subarray(0, 5), [5]);
  const records = await Array.fromAsync(source.pipeThrough(new RecordStream(new ReturnPathGrammar(), options)));
  assertEquals(records.map(({ kind, length }) => [kind, length]), [["truncated", 5]]);
  assertEquals(findings.map(({ code, channel }) => [code, channel]), [["truncated", "answers"]]);
});

Deno.test("RecordStream and PieceStream refuse chunks that are no bytes", async () => {
  for (const transform of [new RecordStream(new ReturnPathGrammar()), new PieceStream(new ReturnPathGrammar())]) {
    const text = ReadableStream.from(["text"]) as unknown as ReadableStream<Uint8Array>;
    const stream: ReadableStream<unknown> = text.pipeThrough<unknown>(transform);
    const error = await assertRejects(() => Array.fromAsync(stream), TypeError, "chunks of type string");
    assertInstanceOf(error, TypeError);
  }
});

Deno.test("RecordStream of nothing says what should have come", async () => {
  const records = await Array.fromAsync(
    chunked(new Uint8Array(0), [1]).pipeThrough(new RecordStream(new MainGrammar())),
  );
  assertEquals(records.map(({ kind, length }) => [kind, length]), [["truncated", 0]]);
});
