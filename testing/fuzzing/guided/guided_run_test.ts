import { assert, assertEquals } from "@std/assert";
import { installHooks } from "./counters.ts";
import { describeFinding } from "./campaign.ts";
import { type Finding, GuidedRun, smallest } from "./guided_run.ts";
import { encodings, satisfied } from "./havoc.ts";
import { instrument } from "./instrument.ts";
import { Random } from "../random.ts";
import type { Target } from "./target.ts";

/** A bug behind five bytes, each of which must be right before the next is looked at. */
const PLANTED = `globalThis.planted = function (bytes) {
  if (bytes.length < 8) return;
  if ((bytes[0] ^ 0x21) < 8) if ((bytes[1] ^ 0x43) < 8) if ((bytes[2] ^ 0x65) < 8) if ((bytes[3] ^ 0x87) < 8) {
    if ((bytes[4] ^ 0xa9) < 8) throw new Error("planted");
  }
};`;

function planted(): Target {
  installHooks();
  new Function(instrument(PLANTED).text)();
  const { planted: run } = globalThis as unknown as { planted: (bytes: Uint8Array) => void };
  const bound = { constant: 10_000, perByte: 100 };
  return { name: "planted", holds: "", weight: 1, steps: bound, bytes: bound, run };
}

/** Fuzzes the planted bug. */
async function search(blind: boolean, runs: number): Promise<Finding | undefined> {
  const run = new GuidedRun(planted(), { seed: 5, blind });
  let finding = await run.begin([new Uint8Array(8)]);
  while (finding === undefined && run.executions < runs) finding = await run.step();
  return finding;
}

Deno.test("guidance finds a bug behind five bytes that blind changes do not find in the same number of inputs", async () => {
  assertEquals(await search(true, 60_000), undefined);
  const finding = await search(false, 60_000);
  assert(finding !== undefined);
  const small = await smallest(planted(), finding);
  assertEquals([small.bytes.length, small.error.message], [8, "planted"]);
  const text = describeFinding(planted(), small);
  assertEquals(text.split("\n").at(-1), `again: deno task fuzz --target planted --input ${small.bytes.toHex()}`);
});

Deno.test("the same seed makes the same inputs", async () => {
  const kept = async (): Promise<string[]> => {
    const run = new GuidedRun(planted(), { seed: 9 });
    await run.begin([new Uint8Array(8)]);
    for (let i = 0; i < 500; i++) await run.step();
    return run.entries.map(({ bytes }) => bytes.toHex());
  };
  assertEquals(await kept(), await kept());
});

Deno.test("encodings() gives a number in each width and order that holds it", () => {
  assertEquals(encodings(0x1234).map((bytes) => bytes.toHex()), [
    ...["1234", "00001234", "0000000000001234"],
    ...["3412", "34120000", "3412000000000000"],
  ]);
  assertEquals(encodings("ab").map((bytes) => bytes.toHex()), ["6162"]);
  assertEquals(encodings(0.5), []);
  assertEquals(encodings(2n ** 70n), []);
});

Deno.test("satisfied() puts what an input was compared with where it stands", () => {
  const input = Uint8Array.fromHex("aa0000123400");
  const seen = new Set(
    Array.from({ length: 30 }, (_, seed) => satisfied(input, [0x1234, 0xbeef], new Random(seed))?.toHex()),
  );
  assert(seen.has("aa0000beef00"));
  assertEquals(satisfied(input, [0x7777, 0x8888], new Random(1)), undefined);
});
