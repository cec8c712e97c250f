import { assertEquals } from "@std/assert";
import type { CaptureEvent } from "../../capture/mod.ts";
import { LaneBins } from "./lane_bins.ts";
import { readReaches } from "./reach.ts";

const AXIS = { unit: "time", start: 100, width: 10, bins: 4 } as const;

function data(time: number, offset: number, length: number, channel = 0): CaptureEvent {
  return { kind: "data", time, channel, direction: "s2d", offset, length };
}

Deno.test("readReaches() says how far a channel had come: before the axis, and at the end of each bin", () => {
  const events = [data(50, 0, 3), data(100, 3, 4), data(115, 7, 1), data(140, 8, 2), data(150, 10, 90)];
  const { reaches: [whole, detail] } = readReaches(events, [AXIS, AXIS]);
  // What came behind the end of the first axis came in its last bin; on the second it is nowhere.
  assertEquals([...whole?.of(0, "s2d") ?? []], [3, 7, 8, 8, Infinity]);
  assertEquals([...detail?.of(0, "s2d") ?? []], [3, 7, 8, 8, 10]);
  assertEquals(whole?.of(1, "s2d"), undefined);
});

Deno.test("readReaches() says when a connection was there, and how it ended", () => {
  const { spanOf } = readReaches([
    { kind: "open", time: 5, channel: 0 },
    { kind: "end", time: 9, channel: 0, direction: "s2d", offset: 0 },
    { kind: "reset", time: 8, channel: 0, direction: "d2s", offset: 0, error: "broken" },
  ], [AXIS]);
  assertEquals(spanOf(0, "s2d"), { opened: 5, closed: 9, reset: false });
  assertEquals(spanOf(0, "d2s"), { opened: 5, closed: 8, reset: true });
  assertEquals(spanOf(3, "s2d"), { opened: null, closed: null, reset: false });
});

Deno.test("readReaches() keeps no more channels than a hostile file may name", () => {
  const events = function* (): Generator<CaptureEvent> {
    for (let channel = 0; channel < 5000; channel++) {
      yield { kind: "open", time: 100, channel };
      yield data(100, 0, 1, channel);
      yield { kind: "end", time: 100, channel, direction: "s2d", offset: 1 };
    }
  };
  const { reaches: [reach], spanOf } = readReaches(events(), [AXIS]);
  assertEquals([reach?.of(4095, "s2d") === undefined, reach?.of(4096, "s2d")], [false, undefined]);
  assertEquals(spanOf(4999, "s2d"), { opened: null, closed: null, reset: false });
});

Deno.test("LaneBins puts bytes where they came, and says in which bin the last one did", () => {
  const lane = new LaneBins([3, 7, 7, 20]);
  assertEquals(lane.add("frame", 0, 2), undefined);
  assertEquals(lane.add("ram", 2, 5), 0);
  assertEquals(lane.add("zero", 5, 9), 2);
  assertEquals(lane.add("sync", 9, 9), 2);
  assertEquals(lane.add("ram", 9, 30), undefined);
  assertEquals(lane.add("ram", 30, 31), undefined);
  assertEquals(lane.kinds, { ram: [2, 0, 11], zero: [2, 0, 2] });
  assertEquals(new LaneBins([]).add("ram", 0, 1), undefined);
});
