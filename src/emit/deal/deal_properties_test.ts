import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { devicePacket, multifdChannel } from "../../../testing/memory_capture.ts";
import { MULTIFD_FLAG } from "../../wire/mod.ts";
import type { Lane } from "../lane.ts";
import { assertDealt, laneBytes, packetsByInterval } from "./deal_for_test.ts";
import { laneOfBytes, type MadePacket, ramPacket, syncPacket } from "./made_lanes_for_test.ts";
import { deal, DealError } from "./mod.ts";

type Made = MadePacket | { readonly device: number };

/** Few pages, so that many packets have some in common. */
const page = fc.integer({ min: 0, max: 11 }).map((number) => number * 4096);

const packet: fc.Arbitrary<Made> = fc.oneof(
  { weight: 4, arbitrary: fc.uniqueArray(page, { minLength: 1, maxLength: 2 }).map((zero) => ({ zero })) },
  { weight: 1, arbitrary: page.map((offset) => ({ normal: [offset] })) },
  { weight: 1, arbitrary: fc.nat(20).map((device) => ({ device })) },
);

/** For each round, the packets of each channel. */
const rounds = fc.integer({ min: 1, max: 4 }).chain((lanes) =>
  fc.array(fc.array(fc.array(packet, { maxLength: 5 }), { minLength: lanes, maxLength: lanes }), {
    minLength: 1,
    maxLength: 4,
  })
);

const options = fc.record({
  channels: fc.integer({ min: 1, max: 6 }),
  seed: fc.option(fc.nat(1000), { nil: undefined }),
}).map(({ channels, seed }) => ({ channels, ...(seed === undefined ? {} : { seed }) }));

/** The bytes of each channel: a SYNC behind each round but the last; `joins` as QEMU 7.2 does, on the last packet. */
function channels(made: readonly (readonly (readonly Made[])[])[], joins: boolean): Uint8Array[] {
  let num = 0;
  const bytesOf = (own: Made, flags = 0): Uint8Array =>
    "device" in own ? devicePacket(own.device, 3) : ramPacket({ ...own, num: num++, flags });
  return (made[0] ?? []).map((_, lane) => {
    const packets: Uint8Array[] = [];
    for (const [k, round] of made.entries()) {
      const own = [...round[lane] ?? []];
      const isLast = k === made.length - 1;
      const last = joins && !isLast && own.at(-1) !== undefined && !("device" in (own.at(-1) ?? {}))
        ? own.pop()
        : undefined;
      packets.push(...own.map((item) => bytesOf(item)));
      if (last !== undefined) packets.push(bytesOf(last, MULTIFD_FLAG.SYNC), ramPacket({ num }));
      else if (!isLast) packets.push(syncPacket(num++));
    }
    return multifdChannel(lane, ...packets);
  });
}

const WARNINGS = new Set(["sync-pages", "truncated"]);

Deno.test("deal() keeps the rules, whatever the channels carry", async () => {
  await fc.assert(
    fc.asyncProperty(rounds, fc.boolean(), options, async (made, joins, way) => {
      const original = channels(made, joins).map((bytes, i) => laneOfBytes(bytes, i));
      const lanes = await deal(original, way);
      assertEquals(lanes.length, way.channels);
      assertDealt(lanes, original, WARNINGS);
      for (const { intervals } of lanes) {
        assertEquals(intervals.map(({ sync }) => sync !== undefined), made.map((_, k) => k < made.length - 1));
      }
    }),
    { numRuns: 200 },
  );
});

/** Bytes of everything that is no SYNC. */
function carried(lanes: readonly Lane[]): number {
  return packetsByInterval(lanes).flat().reduce((sum, { item }) => sum + (item.sentLength ?? item.length), 0);
}

Deno.test("deal() keeps the rules for channels that are cut off anywhere, or says that it cannot", async () => {
  const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 4, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(rounds, cuts, options, async (made, cut, way) => {
      const whole = channels(made, false);
      const original = whole.map((bytes, i) =>
        laneOfBytes(bytes.subarray(0, 64 + Math.round((cut[i] ?? 1) * (bytes.length - 64))), i)
      );
      try {
        const lanes = await deal(original, way);
        assertDealt(lanes, original, WARNINGS);
        assertEquals(carried(lanes), carried(original));
        const complete = (all: readonly Lane[]): number =>
          Math.min(...all.map(({ intervals }) => intervals.filter(({ sync }) => sync !== undefined).length));
        assertEquals(complete(lanes), complete(original));
      } catch (error) {
        if (!(error instanceof DealError)) throw error;
        assertEquals(error.code, "ends");
        assert(way.channels < original.length);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("deal() to as many channels as there are deals what was dealt the same way again", async () => {
  await fc.assert(
    fc.asyncProperty(rounds, options, async (made, way) => {
      const original = channels(made, true).map((bytes, i) => laneOfBytes(bytes, i));
      const once = await deal(original, way);
      const read = once.map((lane, i) => laneOfBytes(laneBytes(lane), i));
      // Items that were dealt once are dealt as the bytes are that they make.
      const [again, fromBytes] = [await deal(once, way), await deal(read, way)];
      assertEquals(again.map((lane) => laneBytes(lane).toHex()), fromBytes.map((lane) => laneBytes(lane).toHex()));
    }),
    { numRuns: 50 },
  );
});
