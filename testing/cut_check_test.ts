import { assertEquals, assertThrows } from "@std/assert";
import { ChannelParser, type ChannelReader, type Grammar } from "../src/stream/mod.ts";
import { type LoneChannel, loneChannel } from "./corpus.ts";
import { checkCuts, cutsAroundRecords, everyCut } from "./cut_check.ts";
import { CutWalk } from "./cut_walk.ts";
import { vectorBytes, VECTORS } from "./vectors.ts";

/** The test vectors that are a channel. */
const CHANNELS: readonly LoneChannel[] = VECTORS
  .map(({ id }) => loneChannel(id, Uint8Array.from(vectorBytes(id))))
  .filter((channel) => channel !== undefined);

Deno.test("every test vector, cut at every byte, reads as its beginning and says what is missing", () => {
  for (const channel of CHANNELS) {
    assertEquals(checkCuts(channel, { cuts: everyCut(channel), allStrictly: true }), channel.bytes.length + 1);
  }
});

Deno.test("CutWalk gives the same as reading from the start", () => {
  for (const channel of CHANNELS) {
    const walk = new CutWalk(channel.bytes, channel.grammar);
    for (const at of everyCut(channel)) {
      const { before, records } = walk.cut(at, true);
      const parser = new ChannelParser(channel.grammar());
      const expected = [...parser.push(channel.bytes.subarray(0, at)), ...parser.end()];
      assertEquals([...walk.whole.slice(0, before), ...records], expected, `${channel.name} cut at ${at}`);
    }
  }
});

Deno.test("cutsAroundRecords() gives two bytes to either side of each record, its middle, and the whole", () => {
  const channel = loneChannel("two messages", Uint8Array.fromHex("0002000400000007" + "0001000400000000"));
  assertEquals(channel && cutsAroundRecords(channel), [0, 1, 2, 4, 6, 7, 8, 9, 10, 12, 16]);
});

/** A grammar of records of four bytes, the last of which it forgets. */
class Forgetful implements Grammar {
  readonly expecting = "four bytes";
  readonly complete = true;

  step({ decoder, ...reader }: ChannelReader): void {
    const { offset } = decoder;
    decoder.take(Math.min(4, decoder.available));
    reader.records.push({ kind: "four", offset, length: 4 });
  }
}

Deno.test("checkCuts() tells of a grammar that takes a cut for the end of a record", () => {
  const channel = {
    name: "forgetful",
    role: "unknown",
    bytes: new Uint8Array(8),
    grammar: () => new Forgetful(),
  } as const;
  const error = assertThrows(() => checkCuts(channel, { cuts: everyCut(channel) }), Error, "forgetful cut at 1 of 8");
  assertEquals((error.cause as Error).message, "Failed assertion: records end at 4");
});
