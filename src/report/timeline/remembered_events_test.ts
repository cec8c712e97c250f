import { assertEquals } from "@std/assert";
import type { CaptureEvent } from "../../capture/mod.ts";
import { RememberedEvents } from "./remembered_events.ts";

const EVENTS: readonly CaptureEvent[] = [
  { kind: "open", time: 1, channel: 3 },
  { kind: "data", time: 2, channel: 3, direction: "s2d", offset: 0, length: 9 },
  { kind: "data", time: 2 ** 52, channel: 3, direction: "d2s", offset: 2 ** 45, length: 1 },
  { kind: "end", time: 3, channel: 3, direction: "d2s", offset: 9 },
  { kind: "reset", time: 4, channel: 3, direction: "s2d", offset: 9, error: "broken" },
];

/** Counts how often it is read. */
function counted(events: readonly CaptureEvent[]): { events: Iterable<CaptureEvent>; reads(): number } {
  let reads = 0;
  return {
    events: {
      [Symbol.iterator]: () => {
        reads++;
        return events[Symbol.iterator]();
      },
    },
    reads: () => reads,
  };
}

Deno.test("RememberedEvents gives the events as they are, and reads them once", () => {
  const { events, reads } = counted(EVENTS);
  const remembered = new RememberedEvents(events);
  for (let i = 0; i < 3; i++) assertEquals([...remembered], EVENTS);
  assertEquals(reads(), 1);
});

Deno.test("RememberedEvents remembers many, and not what was read in part", () => {
  const many = Array.from({ length: 5000 }, (_, time): CaptureEvent => ({ kind: "open", time, channel: 0 }));
  const { events, reads } = counted(many);
  const remembered = new RememberedEvents(events);
  for (const { time } of remembered) if (time > 10) break;
  for (let i = 0; i < 3; i++) assertEquals([...remembered], many);
  assertEquals(reads(), 2);
});

Deno.test("RememberedEvents reads too many anew each time", () => {
  const { events, reads } = counted(EVENTS);
  const remembered = new RememberedEvents(events, 4);
  for (let i = 0; i < 3; i++) assertEquals([...remembered], EVENTS);
  assertEquals(reads(), 3);
});
