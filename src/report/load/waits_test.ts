import { assertEquals } from "@std/assert";
import type { LoadEvent } from "../../load/mod.ts";
import { Waits } from "./waits.ts";

type Happening = readonly [kind: LoadEvent["kind"], time: number, idx?: number, device?: string];

function waitsOf(...events: readonly Happening[]): Waits {
  const waits = new Waits();
  for (const [kind, time, idx = 0, device = "a"] of events) waits.take({ kind, device, time, idx });
  return waits;
}

Deno.test("Waits adds up the spans from when a device starves to what it does next", () => {
  const { starvedTime, gatedFrom, configTime } = waitsOf(
    ["state", 0],
    ["starved", 10],
    ["incoming", 15],
    ["starved", 20],
    ["incoming", 30],
    ["loading", 30],
    ["loaded", 34],
    ["starved", 34],
    ["config", 40],
  ).of("a");
  assertEquals([starvedTime, gatedFrom, configTime], [26, null, 40]);
});

Deno.test("Waits tells from when to when a config stood at its gate", () => {
  const { gatedFrom, configTime } = waitsOf(["loaded", 5], ["gated", 5], ["config", 9]).of("a");
  assertEquals([gatedFrom, configTime], [5, 9]);
  assertEquals(waitsOf(["gated", 5]).of("a").configTime, null);
});

Deno.test("Waits tells when each buffer came for the first time", () => {
  const waits = waitsOf(["incoming", 3, 7], ["incoming", 5, 0], ["incoming", 9, 7], ["incoming", 9, 4294967294]).of(
    "a",
  );
  assertEquals([7, 0, 1, -1, 4294967294].map((idx) => waits.cameAt(idx)), [3, 5, 0, 0, 0]);
});

Deno.test("Waits keeps devices apart, and knows nothing of others", () => {
  const waits = waitsOf(["starved", 1, 0, "a"], ["starved", 2, 0, "b"], ["loading", 5, 0, "b"], ["loading", 9, 0, "a"]);
  assertEquals(["a", "b", "c"].map((device) => waits.of(device).starvedTime), [8, 3, 0]);
});
