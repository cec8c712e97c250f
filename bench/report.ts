/**
 * `migwire report` of a capture with 100,000 events on 16 channels, beside `migwire inspect` of the same, by turns:
 * `deno task bench:report [--rounds N]`. Whole commands are measured, their start included.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { writeLargeCapture } from "../testing/large_capture.ts";
import { measure, type Measured, type Program, summarise } from "./measure.ts";

/** The goal of the project, seconds. */
const GOAL = 5;

const rounds = Number(parseArgs(Deno.args, { string: ["rounds"] })["rounds"] ?? 3);
const cli = new URL("../cli/main.ts", import.meta.url).pathname;
const folder = Deno.makeTempDirSync({ prefix: "migwire-bench-" });
try {
  const capture = `${folder}/large`;
  const { events, channels } = writeLargeCapture(capture);
  const program = (name: string, ...args: readonly string[]): Program => ({
    name: `migwire ${name}`,
    command: Deno.execPath(),
    args: ["run", "-A", "--no-check", cli, name, capture, ...args],
  });
  const programs = [program("inspect"), program("report", "--force", "--out", `${folder}/page.html`)];
  const runs = new Map<Program, Measured[]>(programs.map((one) => [one, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [one, list] of runs) list.push(measure(one));
  }
  console.log(`${events} events on ${channels} channels, ${rounds} rounds`);
  for (const [{ name }, list] of runs) {
    const { median, fastest, slowest, peakMiB = NaN } = summarise(name, list);
    const range = `${fastest.toFixed(2)} to ${slowest.toFixed(2)}`;
    console.log(`  ${name.padEnd(16)} ${median.toFixed(2)} s (${range}), ${peakMiB.toFixed(0)} MiB`);
  }
  console.log(`Goal: migwire report in ${GOAL} s or less.`);
} finally {
  Deno.removeSync(folder, { recursive: true });
}
