import { assertEquals } from "@std/assert";
import { axisText, axisTicks } from "./axis_text.ts";

Deno.test("axisTicks() stand at round values of the axis' unit", () => {
  const text = (ticks: readonly { text: string }[]): string[] => ticks.map(({ text }) => text);
  assertEquals(text(axisTicks({ unit: "time", start: 0, width: 1e6, bins: 100 }, 4)), [
    "0 ms",
    "20 ms",
    "40 ms",
    "60 ms",
    "80 ms",
    "100 ms",
  ]);
  assertEquals(text(axisTicks({ unit: "bytes", start: 0, width: 1024, bins: 100 }, 2)), [
    "0 bytes",
    "50 KiB",
    "100 KiB",
  ]);
  assertEquals(text(axisTicks({ unit: "steps", start: 0, width: 1, bins: 4 }, 4)), ["0", "1", "2", "3", "4"]);
  assertEquals(axisTicks({ unit: "time", start: 1e6, width: 1e5, bins: 10 }, 2).map(({ at }) => at), [0, 0.5, 1]);
});

Deno.test("axisText() is as exact as the bins are", () => {
  const at = (width: number): string => axisText({ unit: "time", start: 0, width, bins: 1 }, 1_234_567);
  assertEquals([at(1e6), at(1e5), at(1e4), at(1)], ["1 ms", "1.2 ms", "1.23 ms", "1.235 ms"]);
});
