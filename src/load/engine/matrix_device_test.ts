import { assertEquals } from "@std/assert";
import { DEVICE } from "../../../testing/memory_capture.ts";
import {
  answer,
  type BenchOptions,
  config,
  data,
  end,
  mainData,
  mainFinding,
  returnPath,
  run,
  runBare,
  SET_UP,
  sw,
} from "../../../testing/destination_bench.ts";

Deno.test("row 45: a device that refuses its state fails the load, and the source is told success", () => {
  const options: BenchOptions = { write: ({ idx, length }) => (idx === 1 ? -5 : length) };
  const outcome = run(options, returnPath, sw, data(0, 1), data(1, 1), config(2, 5));
  assertEquals([outcome.verdict, outcome.full.qemu], [
    "error(device-write)",
    "NAME: writing state buffer 1 failed: 5",
  ]);
  assertEquals(outcome.answers, [{ message: "SHUT", value: 0 }]);
  assertEquals(outcome.warnings.includes("source-thinks-success"), true);
});

Deno.test("row 46: a device that takes no bytes at all is asked for ever", () => {
  const options: BenchOptions = { write: () => 0 };
  assertEquals(run(options, sw, data(0, 1), config(1, 5)).verdict, "would-hang(write-0)");
  // Cleaning up waits for the thread, which looks at nothing else; and it is one that runs.
  assertEquals(runBare(options, SET_UP, sw, data(0, 1), mainFinding("bad", "bad")).verdict, "would-hang(write-0)");
  assertEquals(run(options, sw, data(0, 1), sw).verdict, "would-abort(double-start)");
});

Deno.test("row 47: a device that takes a part is given the rest", () => {
  const writes: number[][] = [];
  const options: BenchOptions = {
    write: ({ from, length }) => {
      writes.push([from, length]);
      return Math.min(4, length - from);
    },
  };
  const outcome = run(options, sw, data(0, 10), data(1, 3), config(2, 5));
  assertEquals([outcome.verdict, outcome.loaded[DEVICE]], ["ok", [0, 1]]);
  assertEquals(writes, [[0, 10], [4, 10], [8, 10], [0, 3]]);
});

Deno.test("a buffer that is taken byte by byte needs no stack", () => {
  assertEquals(run({ write: () => 1 }, sw, data(0, 50_000), config(1, 5)).verdict, "ok");
  const main = { devices: { [DEVICE]: { multifdTransfer: false } } };
  assertEquals(run({ ...main, write: () => 1 }, end(), mainData(50_000)).verdict, "ok");
});

Deno.test("a device that does not answer hangs", () => {
  assertEquals(run({ slow: true }, sw, data(0, 1)).verdict, "would-hang(device)");
  assertEquals(run({ slow: true }, sw, config(0, 5)).verdict, "would-hang(device)");
});

Deno.test("on the main channel a write of nothing is an error, and a short one is gone on with", () => {
  const main = { devices: { [DEVICE]: { multifdTransfer: false } } };
  assertEquals(run({ ...main, write: () => 0 }, end(), mainData(10)).verdict, "error(device-write)");
  assertEquals(run({ ...main, write: () => -5 }, end(), mainData(10)).verdict, "error(device-write)");
  assertEquals(run({ ...main, write: () => 4 }, end(), mainData(12)).verdict, "ok");
});

Deno.test("a device is given one thing at a time, also where the main channel and the load thread both have some", () => {
  const writes: string[] = [];
  const options: BenchOptions = {
    slow: true,
    write: ({ from, length }) => {
      writes.push(`${from}-${length}`);
      return Math.ceil((length - from) / 2);
    },
  };
  const events = [sw, data(0, 2), end(), mainData(3), config(1, 5), ...Array(9).fill(answer)];
  const outcome = run(options, events);
  assertEquals([outcome.verdict, outcome.loaded[DEVICE]], ["ok", [0]]);
  assertEquals(writes, ["0-2", "0-3", "1-2", "2-3"]);
});
