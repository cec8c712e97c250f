import { assertEquals } from "@std/assert";
import { ratio, summarise } from "./measure.ts";

const runs = (...seconds: number[]) => seconds.map((s) => ({ seconds: s, peakMiB: s * 10 }));

Deno.test("summarise() gives the median, the extremes and the highest memory", () => {
  assertEquals(summarise("x", runs(4, 1, 2), 2 ** 30), {
    name: "x",
    median: 2,
    fastest: 1,
    slowest: 4,
    gibPerSecond: 0.5,
    peakMiB: 40,
  });
  assertEquals(summarise("x", runs(1, 2)).median, 1.5);
});

Deno.test("ratio() is above 1 for what is faster", () => {
  assertEquals(ratio(summarise("fast", runs(1)), summarise("slow", runs(3))), 3);
});
