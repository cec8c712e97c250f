import { assertEquals, assertStringIncludes } from "@std/assert";
import { DEVICE } from "../../../testing/memory_capture.ts";
import {
  barrier,
  type BenchOptions,
  channelError,
  closed,
  config,
  data,
  end,
  eof,
  flush,
  ram,
  ramEos,
  run,
  runBare,
  SET_UP,
  start,
  sw,
  sync,
} from "../../../testing/destination_bench.ts";

const broken = { qemu: "multifd: received packet magic 0, expected 11223344" };

Deno.test("row 20: a channel error when the main channel is at its end, while a loader starves, hangs", () => {
  const { verdict, full } = runBare({}, SET_UP, sw, data(0, 1), eof, channelError(0, broken));
  assertEquals([verdict, full.qemu], ["would-hang(channel-error-after-end)", broken.qemu]);
  const duplicate = runBare({}, SET_UP, sw, eof, data(0, 1), data(0, 1));
  assertEquals(duplicate.verdict, "would-hang(channel-error-after-end)");
});

Deno.test("row 21: a channel error before the EOF byte fails with the channel's text", () => {
  const { verdict, full } = run({}, barrier, sw, data(0, 1), channelError(0, broken));
  assertEquals([verdict, full.qemu], ["error(broken)", broken.qemu]);
});

Deno.test("row 22: after a channel error, or the end of a channel, the main channel hangs at the next barrier", () => {
  const failed = run({}, channelError(0, broken), sync(1), flush);
  assertEquals([failed.verdict, failed.full.qemu], ["would-hang(barrier)", broken.qemu]);
  assertEquals(run({}, closed(0), sync(1), flush).verdict, "would-hang(barrier)");
});

Deno.test("row 23: a channel may be closed behind its last packet", () => {
  assertEquals(run({}, barrier, sw, data(0, 1), config(1, 5), closed(0), closed(1)).verdict, "ok");
});

Deno.test("row 60: a packet behind the config deadlocks with a main channel that waits for its channel", () => {
  const outcome = run({}, sw, flush, data(0, 1), config(1, 5), data(2, 1, { channel: 1 }), sync(0), sync(1));
  assertEquals([outcome.verdict, outcome.configs], ["would-hang(barrier-config)", {}]);
  // Without such a packet the config is loaded as soon as the barrier is passed.
  const fine = run({}, sw, flush, data(0, 1), config(1, 5), sync(0), sync(1));
  assertEquals([fine.verdict, fine.configs], ["ok", { [DEVICE]: 1 }]);
});

/** A legacy source: SYNC behind setup, then pages, then SYNC at the end of the next section. */
const legacy = [start("ram"), ramEos, sync(0), sync(1), ram(0), sync(0), sync(1), ramEos];

Deno.test("row 72: a destination with flush barriers leaves a source with section barriers asleep", () => {
  assertEquals(run({}, legacy, sw, data(0, 1), config(1, 5)).verdict, "would-hang(sync-mode)");
  const mainMode = { devices: { [DEVICE]: { multifdTransfer: false } } };
  assertEquals(run(mainMode, legacy).verdict, "lost-state(sync-mode)");
});

Deno.test("row 73: a destination with section barriers waits for SYNCs that a source with flush barriers never sends", () => {
  const modern = [start("ram"), sync(0), sync(1), flush, ramEos, ram(0), sync(0), sync(1), flush, ramEos];
  assertEquals(run({ barriers: "section" }, modern).verdict, "would-hang(sync-mode)");
  assertEquals(run({ barriers: "section" }, legacy, sw, config(0, 5)).verdict, "ok");
});

Deno.test("row 82: a source that dies while the main channel is at a barrier leaves it there", () => {
  assertEquals(run({}, flush, sync(0), closed(0), closed(1)).verdict, "would-hang(barrier)");
});

Deno.test("row 83: a source that dies while the destination waits for buffers leaves it waiting", () => {
  assertEquals(runBare({}, SET_UP, sw, data(1, 1), eof, closed(0), closed(1)).verdict, "would-hang(missing-idx)");
});

Deno.test("row 84: when one of two devices fails the other is loaded, and the first error is told", () => {
  const other = "0000:00:06.0/vfio";
  const options: BenchOptions = {
    devices: { [DEVICE]: {}, [other]: { name: "OTHER" } },
    config: (device) => (device === DEVICE ? undefined : { code: "config-end", qemu: "OTHER: bad" }),
    write: ({ length }) => (length === 666 ? -5 : length),
  };
  const fromOther = [data(0, 1, { idstr: other }), config(1, 5, { idstr: other })];
  const one = run(options, start(other), sw, fromOther, data(0, 1), config(1, 5));
  assertEquals([one.verdict, one.errors, one.configs[DEVICE]], ["error(config-end)", ["error(config-end)"], 1]);
  const both = run(options, start(other), sw, data(0, 666), fromOther, config(1, 5));
  assertEquals([both.verdict, both.errors], ["error(device-write)", ["error(device-write)", "error(config-end)"]]);
});

Deno.test("row 86: after a packet is refused no channel is read any more", () => {
  const events = [data(0, 1), data(0, 1), data(1, 1, { channel: 1 }), config(2, 5, { channel: 1 })];
  const outcome = run({}, sw, events);
  assertEquals([outcome.verdict, outcome.loaded[DEVICE]], ["error(duplicate-idx)", [0]]);
  assertEquals(runBare({}, SET_UP, sw, eof, events).verdict, "would-hang(channel-error-after-end)");
  assertEquals(run({}, sw, events, flush).verdict, "would-hang(barrier)");
});

Deno.test("row 91: behind a SYNC that no barrier is for nothing is read", () => {
  const surplus = [barrier, sync(0)];
  const lost = run({}, ...surplus, ram(0), sw, config(0, 5, { channel: 1 }));
  assertEquals(lost.verdict, "lost-state(unread-after-sync)");
  assertStringIncludes(lost.full.reason, "1 RAM packets");
  const { verdict, warnings } = run({}, ...surplus, end(), sw, config(0, 5, { channel: 1 }));
  assertEquals([verdict, warnings], ["ok", ["surplus-sync"]]);
});

Deno.test("row 92: with fewer SYNCs than barriers the main channel hangs there", () => {
  assertEquals(run({}, barrier, flush, sync(0)).verdict, "would-hang(barrier)");
});

Deno.test("a channel that sleeps at a SYNC is not read before the barrier is passed", () => {
  const outcome = run({}, sw, sync(0), data(0, 1), data(1, 1, { channel: 1 }), sync(1), config(2, 5, { channel: 1 }));
  assertEquals([outcome.verdict, outcome.loaded[DEVICE]], ["would-hang(sync-mode)", undefined]);
  assertEquals(run({}, sw, sync(0), data(0, 1), flush, sync(1), config(1, 5)).verdict, "ok");
});
