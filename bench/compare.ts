/**
 * `migwire inspect` beside `cat FILE >/dev/null`, run by turns on the same files in the page cache:
 * `deno task bench:compare [--gib N] [--rounds N] [--json FILE]`. The files are made in the folder for temporary files,
 * with real bytes throughout, and removed in the end.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { measure, type Measured, type Program, ratio, summarise, type Summary } from "./measure.ts";
import { DEVICE_BUFFER, deviceChannel, mainChannel, PAGE } from "./streams.ts";

const GIB = 2 ** 30;

const args = parseArgs(Deno.args, { string: ["gib", "rounds", "json"] });
const bytes = Number(args["gib"] ?? 2) * GIB;
const rounds = Number(args["rounds"] ?? 7);

/** The goals of the project; ratios are medians of one run. */
const GOALS = { mainOfCat: 0.8, mainMiB: 150, deviceOfCat: 1, startOfEmpty: 3 };

const folder = Deno.makeTempDirSync({ prefix: "migwire-bench-" });
try {
  compare();
} finally {
  Deno.removeSync(folder, { recursive: true });
}

function compare(): void {
  const deno = Deno.execPath();
  const main = new URL("../cli/main.ts", import.meta.url).pathname;
  const bundle = `${folder}/main.js`;
  const empty = `${folder}/empty.ts`;
  Deno.writeTextFileSync(empty, "");
  run(deno, ["bundle", "--quiet", "--code-splitting", "--outdir", folder, main]);
  const checkout = ["run", "--no-prompt", "--allow-read", main];
  const migwire = (...rest: string[]): Program => ({ name: "migwire", command: deno, args: [...checkout, ...rest] });
  const bundled = (...rest: string[]): Program => ({
    name: "migwire, bundled",
    command: deno,
    args: ["run", "--no-config", "--no-prompt", "--allow-read", bundle, ...rest],
  });

  const results: { [what: string]: Summary[] } = {};
  for (
    const [what, pieces] of [
      ["main channel, RAM pages", mainChannel(bytes / PAGE)],
      ["multifd channel, device state in packets of 1 MiB", deviceChannel(bytes / DEVICE_BUFFER)],
    ] as const
  ) {
    const file = `${folder}/channel-00.s2d`;
    const size = write(file, pieces);
    const cat = { name: "cat", command: "cat", args: [file] };
    console.log(`\n${what}: ${(size / GIB).toFixed(2)} GiB, ${rounds} rounds`);
    results[what] = show(byTurns([cat, migwire("inspect", file), bundled("inspect", file)]), size);
    Deno.removeSync(file);
  }
  console.log(`\nstart-up, ${rounds * 3} rounds`);
  const nothing = { name: "empty program", command: deno, args: ["run", "--no-config", empty] };
  results["start-up"] = show(byTurns([nothing, migwire("--help"), bundled("--help")], rounds * 3));
  console.log(
    `\nGoals: RAM pages at least ${GOALS.mainOfCat} of cat's speed in less than ${GOALS.mainMiB} MiB; device state faster ` +
      `than cat; --help in at most ${GOALS.startOfEmpty} times an empty program.`,
  );
  if (args["json"] !== undefined) {
    const machine = { deno: Deno.version.deno, cpus: navigator.hardwareConcurrency };
    const report = { format: "migwire-bench/1", when: new Date().toISOString(), machine, goals: GOALS, results };
    Deno.writeTextFileSync(args["json"], `${JSON.stringify(report, null, 2)}\n`);
  }
}

/** Runs each program once in each round; the first round, which fills the caches, does not count. */
function byTurns(programs: readonly Program[], times: number = rounds): Map<Program, Measured[]> {
  const runs = new Map(programs.map((program) => [program, [] as Measured[]]));
  for (let round = 0; round <= times; round++) {
    for (const program of programs) {
      const measured = measure(program);
      if (round > 0) runs.get(program)?.push(measured);
    }
  }
  return runs;
}

/** Prints a line for each program; ratios are to the first. */
function show(runs: ReadonlyMap<Program, readonly Measured[]>, size?: number): Summary[] {
  const summaries = Array.from(runs, ([program, measured]) => summarise(program.name, measured, size));
  const [reference] = summaries;
  for (const summary of summaries) {
    const { name, median, fastest, slowest, gibPerSecond, peakMiB } = summary;
    console.log(
      [
        `  ${name.padEnd(18)}`,
        `median ${median.toFixed(3)} s (${fastest.toFixed(3)} to ${slowest.toFixed(3)})`,
        gibPerSecond === undefined ? "" : `${gibPerSecond.toFixed(2)} GiB/s`,
        reference === undefined ? "" : `${ratio(summary, reference).toFixed(2)} times the speed of ${reference.name}`,
        peakMiB === undefined ? "" : `${peakMiB.toFixed(0)} MiB at most`,
      ].filter((part) => part !== "").join(", "),
    );
  }
  return summaries;
}

function write(path: string, pieces: Iterable<Uint8Array>): number {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true });
  let size = 0;
  for (const piece of pieces) {
    for (let at = 0; at < piece.length;) at += file.writeSync(piece.subarray(at));
    size += piece.length;
  }
  return size;
}

function run(command: string, list: string[]): void {
  const { success } = new Deno.Command(command, { args: list, stdout: "null" }).outputSync();
  if (!success) throw new Error(`Cannot go on: ${command} ${list.join(" ")} failed`);
}
