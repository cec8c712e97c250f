import { assertEquals, assertStringIncludes } from "@std/assert";
import { DEVICE } from "../../../testing/memory_capture.ts";
import {
  answer,
  type BenchOptions,
  config,
  configuration,
  connect,
  data,
  eof,
  type Outcome,
  run,
  runBare,
  start,
  sw,
} from "../../../testing/destination_bench.ts";

/** What a row expects: verdict, indices loaded, index of the config. */
function check(outcome: Outcome, verdict: string, loaded: number[], configIndex?: number): void {
  assertEquals(outcome.verdict, verdict);
  assertEquals(outcome.loaded[DEVICE] ?? [], loaded);
  assertEquals(outcome.configs[DEVICE], configIndex);
}

Deno.test("row 1: buffers in any order and the config load in order", () => {
  check(run({}, sw, data(2, 1), data(0, 1), data(1, 1), config(3, 5)), "ok", [0, 1, 2], 3);
  check(run({}, sw, config(3, 5), data(2, 1), data(1, 1), data(0, 1)), "ok", [0, 1, 2], 3);
});

Deno.test("row 2: only a config is enough, and nothing is written to the device", () => {
  check(run({}, sw, config(0, 5)), "ok", [], 0);
});

Deno.test("row 3: a config that comes before data waits for them", () => {
  check(run({}, sw, data(0, 1), config(2, 5), data(1, 1)), "ok", [0, 1], 2);
});

Deno.test("row 4: a gap hangs, and says which buffer is missing", () => {
  const outcome = run({}, sw, data(0, 1), data(2, 1), config(3, 5));
  check(outcome, "would-hang(missing-idx)", [0]);
  assertStringIncludes(outcome.full.reason, "buffer 1 ");
});

Deno.test("row 5: without a config packet all data are loaded, then it hangs", () => {
  check(run({}, sw, data(0, 1), data(1, 1)), "would-hang(no-config)", [0, 1]);
});

Deno.test("row 6: a device for which no packet comes hangs", () => {
  check(run({}, sw), "would-hang(no-packets)", []);
  // The stream need not even name it.
  const absent: BenchOptions = { present: [{ idstr: DEVICE, instanceId: 0 }] };
  check(runBare(absent, connect(0), connect(1), configuration, sw, eof), "would-hang(no-packets)", []);
});

Deno.test("row 7: a buffer that comes twice before it is loaded is an error", () => {
  const outcome = run({}, data(1, 1), data(1, 1));
  check(outcome, "error(duplicate-idx)", []);
  assertEquals(outcome.full.qemu, "NAME: state buffer 1 already filled");
});

Deno.test("row 8: a buffer that comes again after it was loaded is the same error", () => {
  const outcome = run({}, sw, data(0, 1), data(0, 1));
  check(outcome, "error(duplicate-idx)", [0]);
  assertEquals(outcome.full.qemu, "NAME: state buffer 0 already filled");
});

Deno.test("row 9: CONFIG on a buffer below the next one, between two writes, aborts; the error is told too", () => {
  const events = [data(0, 1), data(1, 1), sw, answer, config(0, 5), answer];
  const outcome = run({ slow: true }, events);
  check(outcome, "would-abort(last-below-next)", [0, 1]);
  assertEquals(outcome.errors, ["error(duplicate-idx)"]);
  assertStringIncludes(outcome.full.reason, "buffer 0 came twice");
});

Deno.test("row 10: CONFIG on a loaded buffer while the loader starves is only the error", () => {
  check(run({}, sw, data(0, 1), config(0, 5)), "error(duplicate-idx)", [0]);
});

Deno.test("row 11: of two configs the first is written to the device as data if the second has a higher index", () => {
  check(run({}, config(0, 5), data(1, 1), config(2, 5), sw), "lost-state(config-written-as-data)", [0, 1], 2);
});

Deno.test("row 12: a second config with a lower index cuts off what is above it", () => {
  const outcome = run({}, sw, data(0, 1), config(3, 5), data(2, 1), config(1, 5));
  check(outcome, "lost-state(buffers-after-config)", [0], 1);
  assertStringIncludes(outcome.full.reason, "2, 3");
});

Deno.test("row 13: a config that comes when another was loaded is never used", () => {
  check(run({}, sw, config(0, 5), config(1, 5)), "lost-state(extra-config)", [], 0);
});

Deno.test("row 14: data above the config's index are never loaded", () => {
  const outcome = run({}, sw, data(2, 1), data(0, 1), config(1, 5));
  check(outcome, "lost-state(buffers-after-config)", [0], 1);
});

Deno.test("row 17: without SWITCHOVER_START QEMU says success, and the state is lost", () => {
  check(run({}, data(0, 1), config(1, 5)), "lost-state(no-switchover-start)", []);
});

Deno.test("row 24: a second SWITCHOVER_START while the loader runs aborts", () => {
  check(run({}, sw, data(1, 1), sw), "would-abort(double-start)", []);
  const slow: BenchOptions = { slow: true };
  check(run(slow, sw, data(0, 1), sw, answer), "would-abort(double-start)", []);
  check(run(slow, sw, config(0, 5), sw, answer), "would-abort(double-start)", [], 0);
});

Deno.test("row 25: a second SWITCHOVER_START after the load loads the config again", () => {
  const configs: string[] = [];
  const outcome = run({ config: (device) => void configs.push(device) }, sw, data(0, 1), config(1, 5), sw);
  check(outcome, "ok", [0], 1);
  assertEquals(configs.length, 2);
  assertEquals(outcome.warnings.includes("double-start"), true);
});

Deno.test("row 26: SWITCHOVER_START before any packet is fine", () => {
  check(run({}, sw, data(0, 1), config(1, 5)), "ok", [0], 1);
});

Deno.test("row 27: SWITCHOVER_START behind all packets loads them then", () => {
  check(run({}, data(1, 1), data(0, 1), config(2, 5), sw), "ok", [0, 1], 2);
});

Deno.test("row 28: SWITCHOVER_START without a device over multifd has no effect", () => {
  assertEquals(runBare({}, connect(0), connect(1), configuration, sw, eof).verdict, "ok");
  assertEquals(run({ devices: { [DEVICE]: { multifdTransfer: false } } }, sw).verdict, "ok");
});

Deno.test("row 64: packets of two devices mixed on the channels do not disturb each other", () => {
  const other = "0000:00:06.0/vfio";
  const outcome = run(
    { devices: { [DEVICE]: {}, [other]: { name: "OTHER" } } },
    start(other),
    sw,
    data(1, 1, { channel: 1 }),
    data(0, 1, { idstr: other }),
    config(1, 5, { idstr: other, channel: 1 }),
    data(0, 1),
    config(2, 5),
  );
  assertEquals(outcome.verdict, "ok");
  assertEquals(outcome.loaded, { [DEVICE]: [0, 1], [other]: [0] });
  assertEquals(outcome.configs, { [DEVICE]: 2, [other]: 1 });
});

Deno.test("row 85: packets of a device that is done are queued and dropped", () => {
  check(run({}, sw, data(0, 1), config(1, 5), data(2, 1)), "lost-state(buffers-after-config)", [0], 1);
  check(run({}, sw, config(0, 5), config(7, 5)), "lost-state(extra-config)", [], 0);
});

Deno.test("row 87: CONFIG on a buffer that waits with data makes the loader take it for the config", () => {
  const refusal = { code: "config-tag", qemu: "NAME: expected FLAG_DEV_CONFIG_STATE but got 0" };
  const events = [data(0, 1), data(1, 1), config(1, 5), sw];
  const outcome = run({ config: () => refusal }, events);
  check(outcome, "error(duplicate-idx)", [0]);
  assertEquals(outcome.errors, ["error(duplicate-idx)", "error(config-tag)"]);
});
