import { assertEquals } from "@std/assert";
import { DEVICE } from "../../../testing/memory_capture.ts";
import {
  answer,
  type BenchEvent,
  type BenchOptions,
  config,
  data,
  eof,
  run,
  runBare,
  SET_UP,
  sw,
} from "../../../testing/destination_bench.ts";

/** A device that may have so many bytes queued, or buffers. */
function limited(bytes: number, buffers = Infinity): BenchOptions {
  return { devices: { [DEVICE]: { limits: { bytes, buffers } } } };
}

Deno.test("row 48: exactly as many bytes as the limit are fine", () => {
  assertEquals(run(limited(30), data(0, 10), data(1, 10), config(2, 10), sw).verdict, "ok");
});

Deno.test("row 49: one byte above the limit is an error; QEMU 10.0 has no limit", () => {
  const events = [data(0, 10), data(1, 10), config(2, 10), sw];
  const { verdict, full } = run(limited(29), events);
  assertEquals(
    [verdict, full.qemu],
    ["error(size-limit)", "NAME: queuing state buffer 2 would exceed the size max of 29"],
  );
  assertEquals(run({ ...limited(29), qemu: "10.0" }, events).verdict, "ok");
});

Deno.test("row 50: a loader goes on after the limit refused a buffer, and starves", () => {
  const events = [sw, data(1, 10), data(2, 10), data(0, 5)];
  const before = run(limited(19), events);
  assertEquals([before.verdict, before.errors], ["error(size-limit)", ["error(size-limit)", "error(cancelled)"]]);
  // If the main channel came to its end before, nobody wakes the loader any more.
  assertEquals(runBare(limited(19), SET_UP, sw, eof, events.slice(1)).verdict, "would-hang(channel-error-after-end)");
});

Deno.test("row 51: a limit below the size of a buffer, or of the config, always fails there", () => {
  assertEquals(run(limited(9), sw, data(0, 10)).verdict, "error(size-limit)");
  const { full } = run(limited(9), sw, data(0, 5), config(1, 10));
  assertEquals(full.qemu, "NAME: queuing state buffer 1 would exceed the size max of 9");
});

Deno.test("row 52: with the limit 0 the first buffer that is not empty fails", () => {
  const { full } = run(limited(0), sw, data(0, 0), data(1, 0), data(2, 1));
  assertEquals(full.qemu, "NAME: queuing state buffer 2 would exceed the size max of 0");
});

/** Events that need exactly so many bytes and buffers, for each place where something is or is not counted (B.5, B.6). */
const PLACES: [title: string, options: BenchOptions, bytes: number, buffers: number, events: BenchEvent[]][] = [
  ["everything before SWITCHOVER_START", {}, 35, 3, [data(0, 10), data(1, 20), config(2, 5), sw]],
  ["one buffer at a time when they come in order", {}, 20, 1, [sw, data(0, 10), data(1, 20), config(2, 5)]],
  ["what waits for an earlier buffer, and that itself", {}, 35, 3, [sw, data(1, 20), config(2, 5), data(0, 10)]],
  ["the config for ever", {}, 35, 2, [sw, config(0, 5), data(1, 30)]],
  ["data above the config for ever", {}, 15, 3, [sw, config(0, 5), data(1, 5), data(2, 5)]],
  ["the buffer that is being written", { slow: true }, 30, 2, [
    sw,
    data(0, 10),
    data(1, 20),
    answer,
    answer,
    config(2, 5),
    answer,
  ]],
  [
    "only the rest of a buffer that is written in part",
    { slow: true, write: ({ from, length }) => (from === 0 ? 6 : length - from) },
    24,
    2,
    [sw, data(0, 10), answer, data(1, 20), answer, answer, answer, config(2, 5), answer],
  ],
  ["empty buffers until they are passed", {}, 0, 3, [sw, data(2, 0), data(1, 0), data(0, 0)]],
];

for (const [title, options, bytes, buffers, events] of PLACES) {
  const verdictWith = (limits: BenchOptions): string => run({ ...options, ...limits }, events).verdict;
  const refused = ["error(size-limit)", "error(buffer-limit)"];

  Deno.test(`the limit of bytes counts ${title}`, () => {
    assertEquals(refused.includes(verdictWith(limited(bytes))), false);
    if (bytes > 0) assertEquals(verdictWith(limited(bytes - 1)), "error(size-limit)");
  });

  Deno.test(`the limit of buffers counts ${title}`, () => {
    assertEquals(refused.includes(verdictWith(limited(Infinity, buffers))), false);
    assertEquals(verdictWith(limited(Infinity, buffers - 1)), "error(buffer-limit)");
  });
}

Deno.test("the limit of buffers is tested before that of bytes, in the words of the proposal", () => {
  const { full } = run(limited(5, 1), data(0, 1), data(1, 10));
  assertEquals(full.qemu, "NAME: queuing state buffer 1 would exceed the max of 1");
});

Deno.test("a duplicate is refused before it is counted", () => {
  assertEquals(run(limited(10), data(0, 10), data(0, 10)).verdict, "error(duplicate-idx)");
  assertEquals(run(limited(Infinity, 1), data(0, 10), data(0, 10)).verdict, "error(duplicate-idx)");
});

Deno.test("each device has a limit of its own", () => {
  const other = "0000:00:06.0/vfio";
  const limits = { bytes: 15, buffers: Infinity };
  const outcome = run(
    { devices: { [DEVICE]: { limits }, [other]: { limits, multifdTransfer: true } } },
    sw,
    data(0, 10, { idstr: other }),
    config(1, 5, { idstr: other }),
    data(0, 10),
    config(1, 5),
  );
  assertEquals(outcome.verdict, "ok");
});
