import { assertEquals, assertRejects } from "@std/assert";
import { Holds } from "./holds.ts";

Deno.test("what is held back by a pace counts until it is due", () => {
  let now = 1000;
  const holds = new Holds({ now: () => now });
  assertEquals([holds.count(), holds.count()], [0, 0]);
  const pace = holds.paced({ chunk: 7, due: ({ end }) => end });
  assertEquals(pace.chunk, 7);
  const due = (end: number): number => pace.due({ count: 1, connection: 0, end }, 5);
  assertEquals([due(3), holds.count()], [3, 0]);
  assertEquals([due(25), due(15)], [25, 15]);
  assertEquals([holds.count(), holds.count()], [1, 2]);
  now = 1020;
  assertEquals([holds.count(), holds.count()], [2, 2]);
});

Deno.test("what waits for a gate counts until it is open, well or not", async () => {
  const holds = new Holds({ now: () => 0 });
  const { promise, resolve } = Promise.withResolvers<void>();
  const gated = holds.gated((phase, name) => name === "refused" ? Promise.reject(new Error(phase)) : promise);
  const waiting = gated("devices", "devices");
  assertEquals([holds.count(), holds.count()], [1, 2]);
  resolve();
  await waiting;
  await assertRejects(() => gated("devices", "refused"), Error, "devices");
  assertEquals([holds.count(), holds.count()], [2, 2]);
});
