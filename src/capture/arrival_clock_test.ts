import { assertEquals } from "@std/assert";
import { ArrivalClock } from "./arrival_clock.ts";
import { readEvents } from "./events.ts";
import { MemorySource } from "./source.ts";

function clockOf(...events: readonly object[]): ArrivalClock {
  const text = events.map((event) => `${JSON.stringify(event)}\n`).join("");
  return new ArrivalClock(readEvents(new MemorySource(new TextEncoder().encode(text))));
}

Deno.test("ArrivalClock tells when so many bytes of a direction were there", () => {
  const clock = clockOf(
    { t: 1, ch: 0, ev: "open" },
    { t: 2, ch: 0, dir: "s2d", off: 0, len: 10 },
    { t: 3, ch: 0, dir: "d2s", off: 0, len: 4 },
    { t: 4, ch: 0, dir: "s2d", off: 10, len: 5 },
    { t: 9, ch: 0, dir: "s2d", ev: "end", off: 15 },
  );
  assertEquals([1, 10, 11, 15, 3, 10, 11].map((offset) => clock.timeOf(0, "s2d", offset)), [2, 2, 4, 4, 2, 2, 4]);
  assertEquals(clock.timeOf(0, "d2s", 4), 3);
});

Deno.test("ArrivalClock takes what no event tells of for the last", () => {
  const clock = clockOf({ t: 2, ch: 0, dir: "s2d", off: 0, len: 10 }, { t: 9, ch: 0, dir: "s2d", ev: "end", off: 10 });
  assertEquals([clock.timeOf(0, "s2d", Infinity), clock.timeOf(7, "s2d", 1)], [9, 9]);
});

Deno.test("ArrivalClock knows which directions ended, in whatever way", () => {
  const clock = clockOf(
    { t: 1, ch: 0, dir: "s2d", ev: "end", off: 0 },
    { t: 2, ch: 1, dir: "s2d", ev: "reset", off: 0, error: "Connection reset by peer" },
    { t: 3, ch: 2, dir: "s2d", off: 0, len: 1 },
  );
  assertEquals([0, 1, 2, 3].map((connection) => clock.isClosed(connection, "s2d")), [true, true, false, false]);
  assertEquals(clock.isClosed(0, "d2s"), false);
});
