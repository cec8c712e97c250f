import { assertEquals } from "@std/assert";
import { DEVICE } from "../../../testing/memory_capture.ts";
import {
  answer,
  type BenchEvent,
  type BenchOptions,
  cancel,
  channelError,
  closed,
  config,
  data,
  eof,
  flush,
  mainClosed,
  ready,
  runBare,
  SET_UP,
  start,
  sw,
} from "../../../testing/destination_bench.ts";

const OTHER = "0000:00:06.0/vfio";
const devices = { [DEVICE]: {}, [OTHER]: {} };

/** Ways in which a load ends: for each the options, the events after the setup, and the kind of the verdict. */
const WAYS_OUT: [title: string, options: BenchOptions, events: readonly BenchEvent[], kind: string][] = [
  ["success", {}, [sw, data(0, 1), config(1, 5), config(0, 5, { idstr: OTHER }), eof], "ok"],
  ["lost state", {}, [config(0, 5), eof], "lost-state"],
  ["an error of the main channel", {}, [sw, ...ready, eof], "error"],
  ["an error of a channel", {}, [sw, data(0, 1), channelError(0), eof], "error"],
  ["an error of a device", { write: () => -5 }, [sw, data(0, 1), config(0, 5, { idstr: OTHER }), eof], "error"],
  ["a refused config", { config: () => ({ code: "bad", qemu: "bad" }) }, [sw, config(0, 5), eof], "error"],
  ["a cancelled migration", {}, [sw, data(0, 1), cancel], "error"],
  ["a cancelled migration while a device is written to", { slow: true }, [sw, data(0, 1), cancel, answer], "error"],
  ["a connection that is cut", {}, [sw, data(0, 1), mainClosed, closed(0), closed(1)], "error"],
  ["a hang at the end", {}, [sw, data(1, 1), eof], "would-hang"],
  ["a hang at a barrier", {}, [sw, flush], "would-hang"],
  ["a main channel that stays open", {}, [sw], "would-hang"],
  ["an abort", {}, [sw, sw, eof], "would-abort"],
];

for (const [title, options, events, kind] of WAYS_OUT) {
  Deno.test(`every device is set up and cleaned up once: ${title}`, () => {
    const { full, setUps, cleanUps } = runBare({ devices, ...options }, SET_UP, start(OTHER), events);
    assertEquals([full.kind, setUps, cleanUps], [kind, 2, 2]);
  });
}

Deno.test("a device that was never set up is not cleaned up", () => {
  const { setUps, cleanUps } = runBare({ devices }, [mainClosed]);
  assertEquals([setUps, cleanUps], [0, 0]);
});

Deno.test("devices run when the guest does: after success, with state lost or not, and after nothing else", () => {
  for (const [title, options, events, kind] of WAYS_OUT) {
    const { states } = runBare({ devices, ...options }, SET_UP, start(OTHER), events);
    const runs = kind === "ok" || kind === "lost-state";
    assertEquals(states.map((state) => state === "RUNNING"), [runs, runs], title);
  }
});

Deno.test("row 57: a packet of 256 MiB is taken, one byte more is what QEMU would allocate and abort", () => {
  const MOST = 268_435_456;
  const verdict = (size: number): string => runBare({}, SET_UP, [sw, data(0, size - 12), config(1, 5), eof]).verdict;
  assertEquals([verdict(MOST), verdict(MOST + 1)], ["ok", "would-abort(allocation)"]);
});
