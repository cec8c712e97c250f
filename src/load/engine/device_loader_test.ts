import { assertEquals } from "@std/assert";
import { DeviceLoader, type QueueLimits } from "./device_loader.ts";
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
