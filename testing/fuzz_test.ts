import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type ChannelReader, type Grammar, ReturnPathGrammar } from "../src/stream/mod.ts";
import type { BaseRecord } from "../src/stream/record.ts";
import { loneChannel } from "./corpus.ts";
import { Cases } from "./fuzzing/cases.ts";
import { checkChannel } from "./fuzzing/check_channel.ts";
import { checkCodec, checkConfig } from "./fuzzing/check_parts.ts";
import { gatherMaterial } from "./fuzzing/material.ts";
import { mutant } from "./fuzzing/mutate.ts";
import { Random } from "./fuzzing/random.ts";
import { describeFailure, runCases } from "./fuzzing/run.ts";
import { seedOf } from "./fuzzing/seed.ts";

/** Few enough for every run of the tests; `deno task fuzz` reads far more. */
const COUNT = 3000;

Deno.test("mutants of channels, device bodies, configs and compressed packets are read without a fault", async () => {
  const seed = 20_250_101;
  const { failure } = await runCases(new Cases(gatherMaterial(), seed), 0, COUNT);
  assertEquals(failure && describeFailure(failure, seed), undefined);
});

const RETURN_PATH = Uint8Array.fromHex("0002000400000007" + "0001000400000000");

Deno.test("a mutant is the same for the same seed and number", () => {
  const channel = loneChannel("return path", RETURN_PATH);
  const seed = channel && seedOf(channel, "d2s");
  const make = (number: number): string =>
    seed === undefined ? "" : mutant(seed, [seed], new Random(1, number)).toHex();
  const numbers = Array.from({ length: 50 }, (_, i) => i);
  assertEquals(numbers.map(make), numbers.map(make));
  assertEquals(new Set(numbers.map(make)).size > 25, true);
});

/** A grammar of one kind of record, for what `read` makes of the bytes. */
function grammar(read: (reader: ChannelReader) => void): () => Grammar {
  return () => ({ expecting: "something", complete: true, step: read });
}

Deno.test("checkChannel() tells of what is wrong with a grammar", () => {
  const check = (step: (reader: ChannelReader) => void): Error =>
    assertThrows(() => checkChannel(new Uint8Array(8), grammar(step), new Random(3)), Error);
  const pong = (reader: ChannelReader, length: number, value: number): void => {
    const { offset } = reader.decoder;
    reader.decoder.take(4);
    reader.decoder.take(4);
    reader.emit({ kind: "rp-pong", offset, length, type: 0, len: 0, value } as BaseRecord);
  };
  assertEquals(check((reader) => pong(reader, 9, 0)).message, "records end at 9, the channel at 8");
  assertEquals(check((reader) => pong(reader, 8, 1)).message, "rp-pong at 0 is written differently, from 0 on");
  assertEquals(check(() => JSON.parse("")).name, "SyntaxError");
  assertEquals(
    check((reader) => {
      const { offset, available } = reader.decoder;
      reader.decoder.pos += available;
      reader.emit({ kind: "opaque", offset, length: available });
    }).message.startsWith("in pieces there is"),
    true,
  );
});

Deno.test("checkChannel() finds nothing wrong with a return path", () => {
  checkChannel(RETURN_PATH, () => new ReturnPathGrammar(), new Random(1));
});

Deno.test("checkConfig() lets a config be refused", () => {
  checkConfig(new Uint8Array(20));
});

Deno.test("checkCodec() lets a packet be refused, and nothing else be thrown", async () => {
  const packet = { normalPages: 1, zeroPages: 0, nextPacketSize: 4 };
  await checkCodec("zlib", [{ packet, payload: new Uint8Array(4) }]);
  await assertRejects(() => checkCodec("none", [{ packet, payload: undefined as never }]), TypeError);
});

Deno.test("a failure is made small, and told with what makes it again", async () => {
  const cases = {
    make: () => ({
      from: "ten bytes",
      bytes: Uint8Array.of(0, 0, 0, 7, 0, 0, 0, 0, 0, 0),
      check(bytes: Uint8Array): void {
        if (bytes.includes(7)) throw new Error("a seven");
      },
    }),
  };
  const { failure, count } = await runCases(cases as never, 5, 10);
  assertEquals([failure?.index, failure?.bytes, count], [5, Uint8Array.of(7), 1]);
  const text = failure === undefined ? "" : describeFailure(failure, 3);
  assertEquals(text.split("\n").slice(0, 2), ["mutant 5 of seed 3, made from ten bytes:", "Error: a seven"]);
  assertEquals(text.split("\n").slice(-2), ["1 bytes show it:", "07"]);
});
