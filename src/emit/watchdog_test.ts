import { assertEquals, assertRejects } from "@std/assert";
import { TurnedClock } from "../qmp/clock_for_test.ts";
import { Watchdog } from "./watchdog.ts";

/** A watchdog of 100 ms, and when it has barked. */
function watched(): { clock: TurnedClock; watchdog: Watchdog; barks: number[] } {
  const clock = new TurnedClock();
  const barks: number[] = [];
  return { clock, barks, watchdog: new Watchdog(clock, 100, () => barks.push(clock.now())) };
}

Deno.test("Watchdog barks once, when nothing has gone on for so long", async () => {
  const { clock, barks, watchdog } = watched();
  await clock.turn(60);
  watchdog.touch();
  await clock.turn(39);
  watchdog.touch();
  await clock.turn(1000);
  assertEquals([barks, clock.alarms], [[199], 0]);
});

Deno.test("Watchdog is silent while someone rests, and counts from then on", async () => {
  const { clock, barks, watchdog } = watched();
  const rests = [50, 550].map((ms) =>
    watchdog.rest(
      new Promise<void>((resolve) => {
        clock.after(ms, resolve);
      }),
    )
  );
  await clock.turn(1000);
  await Promise.all(rests);
  assertEquals(barks, [650]);
});

Deno.test("Watchdog passes on what a rest gives or throws", async () => {
  const { clock, barks, watchdog } = watched();
  assertEquals(await watchdog.rest(Promise.resolve(5)), 5);
  await assertRejects(() => watchdog.rest(Promise.reject(new Error("no"))), Error, "no");
  await clock.turn(100);
  assertEquals(barks, [100]);
});

Deno.test("Watchdog that is closed leaves nothing", async () => {
  const { clock, barks, watchdog } = watched();
  await clock.turn(50);
  watchdog.close();
  assertEquals(clock.alarms, 0);
  await clock.turn(1000);
  assertEquals(barks, []);
});
