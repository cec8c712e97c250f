import { assertEquals } from "@std/assert";
import { IntervalClock, LAST_RANK, POSTCOPY_INTERVAL } from "./write_order.ts";

Deno.test("IntervalClock counts barriers, and stands still in postcopy", () => {
  const clock = new IntervalClock();
  assertEquals([clock.interval, clock.barriers], [1, 0]);
  clock.barrier();
  clock.barrier();
  assertEquals([clock.interval, clock.barriers], [3, 2]);
  clock.beginPostcopy();
  clock.barrier();
  assertEquals([clock.interval, clock.barriers], [POSTCOPY_INTERVAL, 2]);
});

Deno.test("intervals and ranks fit into the arrays that keep them", () => {
  assertEquals([POSTCOPY_INTERVAL, LAST_RANK], [4294967295, 65535]);
});
