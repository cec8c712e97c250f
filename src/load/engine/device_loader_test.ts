import { assertEquals, assertThrows } from "@std/assert";
import type { QueueLimits } from "./buffer_queue.ts";
import { DeviceLoader } from "./device_loader.ts";
import type { Verdict } from "./verdict.ts";

/** What became of a scenario of test-vectors.md §14. */
interface Outcome {
  loaded: string;
  config: string;
  minPeak: number;
  outcome: string;
}

/** Runs a scenario in its own notation: `SW P0:10 C1:30 RDY`. Packets after a refused one are lost with their channels. */
function run(events: string, options: { gate?: boolean; limits?: QueueLimits } = {}): Outcome {
  const loaded: number[] = [];
  const configs: number[] = [];
  const loader: DeviceLoader<number> = new DeviceLoader({ name: "NAME", ...options }, {
    write(idx, _data, from, length): void {
      loaded.push(idx);
      loader.written(length - from);
    },
    loadConfig(idx): void {
      configs.push(idx);
      loader.configLoaded();
    },
    loaded(idx): void {
      if (!loaded.includes(idx)) loaded.push(idx);
    },
  });
  let started = false;
  let refused: Verdict | undefined;
  for (const event of events.split(" ")) {
    if (event === "SW") {
      loader.start();
      started = true;
    } else if (event === "RDY") refused ??= loader.ready();
    else if (refused === undefined) {
      const [, kind = "", idx = "", length = ""] = /^([PC])(\d+):(\d+)$/.exec(event) ?? [];
      refused = loader.packet({ idx: Number(idx), length: Number(length), config: kind === "C", data: Number(idx) });
    }
  }
  const { kind, code } = loader.verdict(started);
  return {
    loaded: loaded.join(","),
    config: [...new Set(configs)].join(","),
    minPeak: loader.statistics.peakBytes,
    outcome: code === "" ? kind : `${kind}(${code})`,
  };
}

const limit = (bytes: number): { limits: QueueLimits } => ({ limits: { bytes, buffers: Infinity } });

/** Rows of test-vectors.md §14: events, settings, loaded, config, min_peak (undefined where the limit ends the run), outcome. */
const SCENARIOS: [string, string, Parameters<typeof run>[1], string, string, number | undefined, string][] = [
  ["S01 in order", "SW P0:10 P1:20 C2:30", {}, "0,1", "2", 30, "ok"],
  ["S02 reverse order", "SW C2:30 P1:20 P0:10", {}, "0,1", "2", 60, "ok"],
  ["S03 packets before SWITCHOVER_START", "P0:10 P1:20 C2:30 SW", {}, "0,1", "2", 60, "ok"],
  ["S04 config only", "SW C0:30", {}, "", "0", 30, "ok"],
  ["S05 gap", "SW P0:10 P2:20 C3:30", {}, "0", "", 50, "would-hang(missing-idx)"],
  ["S06 no config", "SW P0:10 P1:20", {}, "0,1", "", 20, "would-hang(no-config)"],
  ["S07 no start", "P0:10 C1:30", {}, "", "", 40, "lost-state(no-switchover-start)"],
  ["S08 duplicate not loaded", "SW P1:10 P1:10", {}, "", "", 10, "error(duplicate-idx)"],
  ["S09 duplicate already loaded", "SW P0:10 P0:10", {}, "0", "", 10, "error(duplicate-idx)"],
  ["S10 data after config", "SW P0:10 C1:30 P2:5", {}, "0", "1", 35, "lost-state(buffers-after-config)"],
  [
    "S11 two configs, later one higher",
    "P0:10 C1:30 P2:5 C3:30 SW",
    {},
    "0,1,2",
    "3",
    75,
    "lost-state(config-written-as-data)",
  ],
  ["S12 two configs, later one lower", "SW P0:10 C3:30 C1:30", {}, "0", "1", 60, "lost-state(buffers-after-config)"],
  ["S13 gate, ready last", "SW P0:10 C1:30 RDY", { gate: true }, "0", "1", 30, "ok"],
  ["S14 gate, ready first", "RDY SW P0:10 C1:30", { gate: true }, "0", "1", 30, "ok"],
  ["S15 gate, never ready", "SW P0:10 C1:30", { gate: true }, "0", "", 30, "would-hang(gate)"],
  ["S16 gate, ready twice", "SW RDY RDY", { gate: true }, "", "", 0, "error(duplicate-ready)"],
  ["S17 ready without gate", "SW P0:10 RDY", {}, "0", "", 10, "error(ready-disabled)"],
  ["S18 limit exactly met", "SW P0:10 P1:10 C2:10", limit(10), "0,1", "2", 10, "ok"],
  ["S19 limit, out of order", "SW P1:10 P0:10 C2:10", limit(19), "", "", 20, "error(size-limit)"],
  ["S20 limit, out of order, one more", "SW P1:10 P0:10 C2:10", limit(20), "0,1", "2", 20, "ok"],
  ["S21 limit smaller than config", "SW P0:5 C1:30", limit(29), "0", "", 30, "error(size-limit)"],
  ["S22 limit, sent before start", "P0:10 P1:10 C2:10 SW", limit(29), "0,1", "", 30, "error(size-limit)"],
  ["S23 empty buffers, limit 0", "SW P0:0 P1:0 C2:1", limit(0), "0,1", "", 1, "error(size-limit)"],
  ["S24 empty buffer in the middle", "SW P0:10 P1:0 P2:10 C3:30", {}, "0,1,2", "3", 30, "ok"],
  ["S25 double start while starving", "SW P1:10 SW", {}, "", "", 10, "would-abort(double-start)"],
  ["S26 double start after done", "SW C0:30 SW", {}, "", "0", 30, "ok"],
  ["S27 buffers after config count", "SW C0:10 P1:10 P2:10", limit(29), "", "0", 30, "error(size-limit)"],
  ["S28 config bytes never released", "SW P1:10 C2:10 P0:10", limit(30), "0,1", "2", 30, "ok"],
];

for (const [title, events, settings, loaded, config, minPeak, outcome] of SCENARIOS) {
  Deno.test(`DeviceLoader, scenario ${title}`, () => {
    assertEquals(run(events, settings), { loaded, config, minPeak, outcome });
  });
}

/** A loader whose writes are answered by the test, and what it asked for. */
function manual(gate = false): { loader: DeviceLoader<null>; asked: string[] } {
  const asked: string[] = [];
  const loader = new DeviceLoader<null>({ name: "NAME", gate }, {
    write: (idx, _data, from, length) => asked.push(`${idx}:${from}-${length}`),
    loadConfig: (idx) => asked.push(`config ${idx}`),
    starved: (idx) => asked.push(`starved ${idx}`),
    failed: ({ code }) => asked.push(code),
  });
  return { loader, asked };
}

const buffer = (idx: number, length: number, config = false) => ({ idx, length, config, data: null });

Deno.test("DeviceLoader counts what is queued and loaded, the most at a time, and at which buffer that was", () => {
  const { loader, asked } = manual();
  assertEquals(loader.statistics, {
    ...{ buffersLoaded: 0, bytesLoaded: 0, buffersQueued: 0, bytesQueued: 0, starvations: 0 },
    ...{ peakBytes: 0, peakBuffers: 0, peakBytesAt: -1, peakBuffersAt: -1 },
  });
  assertEquals(loader.configIndex, undefined);
  loader.packet(buffer(1, 30));
  loader.packet(buffer(2, 5, true));
  assertEquals([loader.configIndex, loader.waiting], [2, 2]);
  loader.start();
  loader.packet(buffer(0, 10));
  loader.written(4);
  loader.written(6);
  loader.written(30);
  loader.configLoaded();
  assertEquals(asked, ["starved 0", "0:0-10", "0:4-10", "1:0-30", "config 2"]);
  assertEquals(loader.statistics, {
    ...{ buffersLoaded: 2, bytesLoaded: 40, buffersQueued: 3, bytesQueued: 45, starvations: 1 },
    ...{ peakBytes: 45, peakBuffers: 3, peakBytesAt: 0, peakBuffersAt: 0 },
  });
});

Deno.test("DeviceLoader remembers the first buffer at which the most was queued", () => {
  const { loader } = manual();
  loader.start();
  for (const idx of [0, 1]) {
    loader.packet(buffer(idx, 10));
    loader.written(10);
  }
  const { peakBytesAt, peakBuffersAt } = loader.statistics;
  assertEquals([peakBytesAt, peakBuffersAt], [0, 0]);
});

Deno.test("DeviceLoader takes no answer that nobody asked for, and none of more than was asked for", () => {
  const { loader } = manual();
  assertThrows(() => loader.written(1), RangeError, "none is under way");
  loader.start();
  assertThrows(() => loader.written(1), RangeError, "none is under way");
  loader.packet(buffer(0, 10));
  for (const count of [-1, 11]) assertThrows(() => loader.written(count), RangeError, `have written ${count} bytes`);
  loader.written(4);
  assertThrows(() => loader.written(7), RangeError, "have written 7 bytes");
  loader.written(6);
  assertEquals(loader.next, 1);
});

Deno.test("DeviceLoader tries again for ever where a device takes no bytes, and does not look up", () => {
  const { loader, asked } = manual();
  loader.start();
  loader.packet(buffer(0, 10));
  loader.written(0);
  loader.packet(buffer(1, 10));
  loader.cancel();
  assertEquals([loader.state, loader.verdict(true).code, asked.slice(1)], ["spinning", "write-0", ["0:0-10"]]);
});

Deno.test("DeviceLoader that was aborted looks at nothing any more", () => {
  const { loader, asked } = manual();
  loader.start();
  loader.packet(buffer(0, 10));
  loader.start();
  const [before, seen] = [loader.verdict(true), asked.length];
  assertEquals(before.code, "double-start");
  loader.written(10);
  loader.writeFailed(5);
  loader.configLoaded();
  loader.configFailed("config", "bad", "bad");
  assertEquals([loader.state, loader.verdict(true), asked.length], ["aborted", before, seen]);
  assertEquals([loader.packet(buffer(1, 10)), loader.ready()], [before, before]);
});

Deno.test("DeviceLoader says how large a table QEMU would make for an index, and takes the last before that", () => {
  const { loader } = manual();
  assertEquals(loader.packet(buffer(1_048_575, 1)), undefined);
  assertEquals(
    loader.packet(buffer(1_048_576, 1))?.reason,
    "index 1048576: QEMU allocates 25165848 bytes for its table at once",
  );
});

Deno.test("DeviceLoader lists the first eight buffers that are never loaded", () => {
  const reason = (count: number): string => {
    const { loader } = manual();
    loader.start();
    loader.packet(buffer(0, 5, true));
    loader.configLoaded();
    for (let i = count; i > 0; i--) loader.packet(buffer(i, 1));
    return loader.verdict(true).reason;
  };
  assertEquals(reason(8), "8 buffers above the config's index 0 are never loaded: 1, 2, 3, 4, 5, 6, 7, 8");
  assertEquals(reason(9), "9 buffers above the config's index 0 are never loaded: 1, 2, 3, 4, 5, 6, 7, 8, …");
});

Deno.test("DeviceLoader loads as many buffers as there are out of one call, without running out of stack", () => {
  const { loaded, outcome } = run([...Array(30_000).keys()].map((idx) => `P${idx}:1`).join(" ") + " C30000:5 SW");
  assertEquals([loaded.endsWith(",29999"), outcome], [true, "ok"]);
});
