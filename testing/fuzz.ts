/**
 * Reads a number of mutants of real channels: `deno task fuzz [--seed N] [--first N] [--count N]`. Prints the seed, which
 * makes the same mutants again. Exit code 1 if one shows a fault.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { Cases } from "./fuzzing/cases.ts";
import { describeMaterial, gatherMaterial } from "./fuzzing/material.ts";
import { describeFailure, describeRun, runCases } from "./fuzzing/run.ts";

const COUNT = 200_000;

const args = parseArgs(Deno.args, { string: ["seed", "first", "count"] });
const seed = Number(args["seed"] ?? Math.floor(Math.random() * 0x1_0000_0000));
const first = Number(args["first"] ?? 0);
const count = Number(args["count"] ?? COUNT);

const material = gatherMaterial();
console.log(`seed ${seed}, ${describeMaterial(material)}`);
const run = await runCases(new Cases(material, seed), first, count);
console.log(describeRun(run));
if (run.failure !== undefined) {
  console.error(describeFailure(run.failure, seed));
  Deno.exit(1);
}
