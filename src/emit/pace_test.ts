import { assert, assertEquals } from "@std/assert";
import { ascii } from "../../testing/main_stream.ts";
import { ArrivalClock, EventFile, MemorySource } from "../capture/mod.ts";
import { TurnedClock } from "../qmp/clock_for_test.ts";
import { Emission } from "./emission.ts";
import { limitedPace, type Pace, recordedPace, UNPACED } from "./pace.ts";
import { noise, planOf } from "./plan_for_test.ts";
import { MemoryTarget } from "./target_for_test.ts";

/** Arrivals: connection, end, milliseconds. */
function arrivals(...events: readonly (readonly [number, number, number])[]): ArrivalClock {
  const begun = new Map<number, number>();
  const lines = events.map(([ch, end, ms]) => {
    const off = begun.get(ch) ?? 0;
    begun.set(ch, end);
    return JSON.stringify({ t: ms * 1e6, ch, dir: "s2d", off, len: end - off });
  });
  return new ArrivalClock(new EventFile(new MemorySource(ascii(lines.join("\n") + "\n"))));
}

const RECORDED = arrivals([0, 100, 5000], [1, 64, 5010], [0, 300, 5100], [1, 1000, 6000]);

Deno.test("recordedPace() counts from the first byte, whatever connection it is on", () => {
  for (const speed of [1, 2, 0.5]) {
    const { due } = recordedPace(RECORDED, speed);
    const at = (connection: number, end: number): number => due({ connection, end, count: 1 }, 0) * speed;
    assertEquals([at(0, 100), at(1, 64), at(0, 101), at(0, 300), at(1, 1000)], [0, 10, 100, 100, 1000]);
  }
});

Deno.test("recordedPace() does not wait for what came before the first that is sent", () => {
  const { due } = recordedPace(RECORDED, 1);
  assertEquals([due({ connection: 1, end: 64, count: 64 }, 0), due({ connection: 0, end: 100, count: 100 }, 0)], [
    0,
    0,
  ]);
});

Deno.test("limitedPace() keeps to the line's rate, all connections together", () => {
  // 8 Mbit/s is 1000 bytes a millisecond.
  const { due } = limitedPace(8);
  const after = (count: number, now: number): number => due({ count, connection: 0, end: 0 }, now);
  assertEquals([after(1000, 0), after(500, 0), after(10, 0.5), after(90, 1.5)], [0, 1, 1.5, 1.51]);
  // It does not catch up.
  assertEquals([after(1000, 100), after(1, 100)], [100, 101]);
});

Deno.test("UNPACED never waits", () => {
  assertEquals([UNPACED.due({ count: 1e9, connection: 0, end: 1e9 }, 5), UNPACED.chunk], [0, 1024 * 1024]);
});

/** When which bytes were written. */
async function times(pace: Pace, bytes: readonly number[], total: number): Promise<string[]> {
  const clock = new TurnedClock();
  const written: string[] = [];
  const tap = {
    open: (): number => 0,
    received: (_: number, direction: string, { length }: Uint8Array): void => {
      if (direction === "s2d") written.push(`${length} at ${clock.now()}`);
    },
    ended: (): void => {},
  };
  const plan = planOf(bytes.map((length) => ({ steps: [{ bytes: noise(length) }] })));
  const target = new MemoryTarget({ answers: false, capacity: Infinity });
  const emission = new Emission(plan, target, { clock, tap, pace });
  let result;
  void emission.finished.then((one) => result = one);
  await clock.turn(total - 1);
  assert(result === undefined);
  await clock.turn(1);
  const { error, sendingMs } = await emission.finished;
  assertEquals([error, sendingMs, clock.alarms], [undefined, total, 0]);
  return written;
}

Deno.test("an emission sends at the times that were recorded", async () => {
  const pace = { ...recordedPace(RECORDED, 2), chunk: 100 };
  assertEquals(await times(pace, [300, 64], 50), ["100 at 0", "64 at 5", "100 at 50", "100 at 50"]);
});

Deno.test("an emission sends no faster than a line", async () => {
  const pace = { ...limitedPace(0.8), chunk: 1000 };
  assertEquals(await times(pace, [2000, 1000], 20), ["1000 at 0", "1000 at 10", "1000 at 20"]);
});

Deno.test("recordedPace() knows when a connection ended", () => {
  const clock = new ArrivalClock([
    { kind: "data", time: 5_000_000, channel: 0, direction: "s2d", offset: 0, length: 4 },
    { kind: "end", time: 9_000_000, channel: 0, direction: "s2d", offset: 4 },
  ]);
  const pace = recordedPace(clock, 2);
  assertEquals([4, Infinity].map((end) => pace.due({ count: 1, connection: 0, end }, 0)), [0, 2]);
});
