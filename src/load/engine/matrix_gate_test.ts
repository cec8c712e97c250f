import { assertEquals } from "@std/assert";
import { DEVICE } from "../../../testing/memory_capture.ts";
import { answer, type BenchOptions, config, data, ready, run, sw } from "../../../testing/destination_bench.ts";

const gated: BenchOptions = { devices: { [DEVICE]: { gate: true } } };

Deno.test("row 30: a gate that never opens hangs; QEMU 10.0 has no gate", () => {
  const outcome = run(gated, sw, data(0, 1), config(1, 5));
  assertEquals([outcome.verdict, outcome.loaded[DEVICE], outcome.configs], ["would-hang(gate)", [0], {}]);
  assertEquals(run({ ...gated, qemu: "10.0" }, sw, data(0, 1), config(1, 5)).verdict, "ok");
});

Deno.test("row 31: CONFIG_LOAD_READY may come before packets, and before SWITCHOVER_START", () => {
  assertEquals(run(gated, sw, ready, data(0, 1), config(1, 5)).verdict, "ok");
  assertEquals(run(gated, ready, data(0, 1), config(1, 5), sw).verdict, "ok");
  assertEquals(run(gated, sw, data(0, 1), config(1, 5), ready).verdict, "ok");
});

Deno.test("row 32: a second CONFIG_LOAD_READY is an error", () => {
  const { verdict, full } = run(gated, sw, ready, ready);
  assertEquals([verdict, full.qemu], ["error(duplicate-ready)", "NAME: duplicate DEV_CONFIG_LOAD_READY"]);
});

Deno.test("row 33: CONFIG_LOAD_READY for a destination without the gate is an error", () => {
  const { verdict, full } = run({}, sw, data(0, 1), ready);
  assertEquals([verdict, full.qemu], ["error(ready-disabled)", "NAME: got DEV_CONFIG_LOAD_READY but was disabled"]);
});

Deno.test("row 34: CONFIG_LOAD_READY for a device in main mode is an error", () => {
  const { verdict, full } = run({ devices: { [DEVICE]: { multifdTransfer: false, gate: true } } }, ready);
  assertEquals(
    [verdict, full.qemu],
    ["error(ready-main-mode)", "NAME: got DEV_CONFIG_LOAD_READY outside multifd transfer"],
  );
});

Deno.test("row 35: QEMU 10.0 does not know CONFIG_LOAD_READY", () => {
  const { verdict, full } = run({ ...gated, qemu: "10.0.13" }, sw, ready);
  assertEquals([verdict, full.qemu], ["error(unknown-tag)", "NAME: Unknown tag 0xffffffffef100006"]);
});

Deno.test("a config flag that comes while the loader waits at the gate makes QEMU abort when it opens", () => {
  const outcome = run(gated, sw, data(0, 1), config(1, 5), config(2, 5), ready);
  assertEquals([outcome.verdict, outcome.loaded[DEVICE]], ["would-abort(config-moved)", [0]]);
});

Deno.test("a loader that waits at the gate is cancelled there", () => {
  const outcome = run({ ...gated, slow: true }, sw, data(0, 1), config(1, 5), answer);
  assertEquals(outcome.errors, ["error(cancelled)"]);
});
