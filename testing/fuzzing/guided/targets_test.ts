/** The targets themselves, instrumented: needs to run `deno bundle`. @module */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { canWrite } from "../../../src/capture/files_for_test.ts";
import { TARGETS } from "../targets/mod.ts";
import { boundsTable } from "./bounds_table.ts";
import { campaign, replay } from "./campaign.ts";
import { countRuntime } from "./accounting.ts";
import { readCorpus } from "./corpus_files.ts";
import { execute, type Execution, GuidedRun } from "./guided_run.ts";
import { loadTargets } from "./load_targets.ts";
import { minimised } from "./minimise.ts";
import { allowed, type Target } from "./target.ts";
import { workTime } from "../../work_time.ts";

const canRun = Deno.permissions.querySync({ name: "run" }).state === "granted" &&
  Deno.permissions.querySync({ name: "read", path: new URL("../../../", import.meta.url) }).state === "granted" &&
  canWrite();

/** Does something with each target while the runtime's work is counted. */
async function withTargets(use: (targets: readonly Target[]) => Promise<void>): Promise<void> {
  const { targets } = await loadTargets();
  const undo = countRuntime();
  try {
    await use(targets);
  } finally {
    undo();
  }
}

/** Runs an input twice: the first time fills what is remembered. */
async function settled(target: Target, input: Uint8Array): Promise<Pick<Execution, "steps" | "bytes" | "error">> {
  await execute(target, input);
  return await execute(target, input);
}

/** Clocks are coarse: this much of milliseconds is nothing. */
const NOTHING = 40;

Deno.test({
  name: "each target takes time and memory linear in its input: twice the structure is twice the steps",
  ignore: !canRun,
  fn: () =>
    withTargets(async (targets) => {
      for (const target of targets) {
        const { name, grown } = target;
        if (grown === undefined) continue;
        const runs: { steps: number; bytes: number; milliseconds: number }[] = [];
        for (const times of [1, 2, 4, 8]) {
          const input = grown(times);
          const before = workTime();
          const { error, steps, bytes } = await settled(target, input);
          assertEquals(error, undefined, `${name} ${times}`);
          runs.push({ steps, bytes, milliseconds: workTime() - before });
        }
        const [one, two, four, eight] = runs;
        assert(one !== undefined && two !== undefined && four !== undefined && eight !== undefined);
        for (const what of ["steps", "bytes"] as const) {
          // What is quadratic has twice of this, and buffers grow by doubling.
          const most = 2 * 1.35 *
            Math.max(two[what] - one[what], (four[what] - one[what]) / 3, (four[what] - two[what]) / 2) * 2;
          const slack = what === "bytes" ? 2 ** 17 : 200;
          assert(eight[what] - four[what] <= most + slack, `${name}: ${what} ${JSON.stringify(runs)}`);
        }
        // A quadratic one has 64 times.
        assert(eight.milliseconds < 8 * 8 * Math.max(one.milliseconds, NOTHING), `${name}: ${JSON.stringify(runs)}`);
      }
    }),
});

Deno.test({
  name: "no input of the corpus shows a fault, or comes near to a bound",
  ignore: !canRun,
  fn: () =>
    withTargets(async (targets) => {
      for (const target of targets) {
        for (const input of readCorpus(target.name)) {
          const { error, steps, bytes } = await execute(target, input);
          assertEquals(error, undefined, `${target.name} ${input.toHex()}`);
          assert(steps <= allowed(target.steps, input.length) && bytes <= allowed(target.bytes, input.length));
        }
      }
    }),
});

/** Inputs of each run. */
const RUNS = 2_000;

/** One seed says little: the numbers of blocks, and with them what a seed leads to, change with each change of the code. */
const SEEDS = [1, 2, 3, 4, 5];

/** How many edges a target's inputs take. */
async function edgesOf(target: Target, seed: number, blind: boolean): Promise<number> {
  assert(target.grown !== undefined);
  const run = new GuidedRun(target, { seed, blind });
  assertEquals(await run.begin([target.grown(1)]), undefined);
  while (run.executions < RUNS) assertEquals(await run.step(), undefined);
  return run.edges;
}

Deno.test({
  name: "guided fuzzing takes more edges than blind fuzzing with as many inputs",
  ignore: !canRun,
  fn: () =>
    withTargets(async (targets) => {
      let [guided, blind] = [0, 0];
      for (const name of ["return-path", "dirty-bitmap", "preempt"]) {
        const target = targets.find((one) => one.name === name);
        assert(target !== undefined, name);
        for (const seed of SEEDS) {
          guided += await edgesOf(target, seed, false);
          blind += await edgesOf(target, seed, true);
        }
      }
      assert(guided > blind, `${guided} with guidance, ${blind} without`);
    }),
});

Deno.test({
  name: "a campaign fuzzes each of its targets, says how it went, and hands out what it kept",
  ignore: !canRun,
  async fn(): Promise<void> {
    const lines: string[] = [];
    const kept: string[] = [];
    const options = { seed: 3, seconds: 60, runs: 300, only: ["address", "tls"] };
    const log = (line: string): void => void lines.push(line);
    const faults = await campaign({ ...options, log, keep: (name, { length }) => kept.push(`${name} ${length > 0}`) });
    assertEquals([faults, kept], [0, ["address true", "tls true"]]);
    assertMatch(
      lines.join("\n"),
      /^seed 3, 2 targets, \d+ blocks of code\naddress .*\ntls +\d+ inputs, edges \d+ to \d+, .*$/,
    );
    await assertRejects(
      () => campaign({ ...options, only: ["adress"], log }),
      Error,
      "Cannot fuzz adress: the targets are",
    );
  },
});

Deno.test({
  name: "one input is run again by its target's name",
  ignore: !canRun,
  async fn(): Promise<void> {
    const lines: string[] = [];
    assertEquals(await replay("address", new TextEncoder().encode("tcp::1"), (line) => lines.push(line)), true);
    assertMatch(lines[0] ?? "", /^no fault: \d+ steps, \d+ bytes$/);
  },
});

Deno.test({
  name: "minimised() keeps for each edge the shortest input, made smaller",
  ignore: !canRun,
  fn: () =>
    withTargets(async (targets) => {
      const target = targets.find(({ name }) => name === "address");
      assert(target !== undefined);
      const inputs = ["unix:/a/long/path/to/a/socket", "unix:/a", "tcp::1", "tcp:localhost:1", "x"];
      const kept = await minimised(target, inputs.map((text) => new TextEncoder().encode(text)));
      const texts = kept.map((bytes) => new TextDecoder().decode(bytes));
      assert(texts.length < inputs.length && !texts.some((text) => text.includes("long")), texts.join(" "));
    }),
});

Deno.test({
  name: "the bounds of each target are written down",
  ignore: !canRun,
  fn(): void {
    // The formatter fills the columns.
    const plain = (text: string): string => text.replaceAll(/ +/g, " ").replaceAll(/-{3,}/g, "---");
    const text = Deno.readTextFileSync(new URL("../README.md", import.meta.url));
    const table = boundsTable(TARGETS);
    assert(plain(text).includes(plain(table)), `testing/fuzzing/README.md has another table than\n${table}`);
  },
});
