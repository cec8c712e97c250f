import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { firstRefused, type QueueEvent, queuePeaks } from "./queue_peaks.ts";

/** Events as test-vectors.md §14 writes them: `SW P0:10 C1:30`. */
function eventsOf(text: string): QueueEvent[] {
  return text.split(" ").map((word) => {
    if (word === "SW") return "start";
    const [, kind, idx, bytes] = /^([PC])(\d+):(\d+)$/.exec(word) ?? [];
    return { idx: Number(idx), bytes: Number(bytes), isConfig: kind === "C" };
  });
}

Deno.test("queuePeaks() gives the peaks of the specification's scenarios", () => {
  const scenarios: [string, string, number, number][] = [
    ["S01", "SW P0:10 P1:20 C2:30", 30, 60],
    ["S02", "SW C2:30 P1:20 P0:10", 60, 60],
    ["S03", "P0:10 P1:20 C2:30 SW", 60, 60],
    ["S04", "SW C0:30", 30, 30],
    ["S05", "SW P0:10 P2:20 C3:30", 50, 60],
    ["S06", "SW P0:10 P1:20", 20, 30],
    ["S07", "P0:10 C1:30", 40, 40],
    ["S08", "SW P1:10 P1:10", 10, 10],
    ["S10", "SW P0:10 C1:30 P2:5", 35, 45],
    ["S11", "P0:10 C1:30 P2:5 C3:30 SW", 75, 75],
    ["S12", "SW P0:10 C3:30 C1:30", 60, 70],
    ["S18", "SW P0:10 P1:10 C2:10", 10, 30],
    ["S19", "SW P1:10 P0:10 C2:10", 20, 30],
    ["S21", "SW P0:5 C1:30", 30, 35],
    ["S22", "P0:10 P1:10 C2:10 SW", 30, 30],
    ["S23", "SW P0:0 P1:0 C2:1", 1, 1],
    ["S24", "SW P0:10 P1:0 P2:10 C3:30", 30, 50],
    ["S27", "SW C0:10 P1:10 P2:10", 30, 30],
    ["S28", "SW P1:10 C2:10 P0:10", 30, 30],
  ];
  for (const [id, events, least, most] of scenarios) assertEquals(queuePeaks(eventsOf(events)), { least, most }, id);
});

Deno.test("firstRefused() names the packet that a limit has no room for", () => {
  const events = eventsOf("SW P0:10 P1:10 C2:10");
  assertEquals(firstRefused(events, 10, true), undefined);
  assertEquals(firstRefused(events, 10, false)?.idx, 1);
  assertEquals(firstRefused(eventsOf("SW P0:0 C1:1"), 0, true)?.idx, 1, "an empty buffer is never refused");
});

Deno.test("queuePeaks() never needs less for a slow device, nor more than all there is", () => {
  const packet = fc.record({ idx: fc.nat(8), bytes: fc.nat(100), isConfig: fc.boolean() });
  fc.assert(fc.property(fc.array(fc.oneof(fc.constant<QueueEvent>("start"), packet)), (events) => {
    const { least, most } = queuePeaks(events);
    const all = events.reduce((sum, event) => event === "start" ? sum : sum + event.bytes, 0);
    return least <= most && most <= all;
  }));
});
