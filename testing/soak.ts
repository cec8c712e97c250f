/**
 * Reads mutants of real channels until one shows a fault, or for a time: `deno task soak [--seed N] [--minutes N]`. Prints
 * a line for each seed. Exit code 1 if one shows a fault.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { Cases } from "./fuzzing/cases.ts";
import { describeMaterial, gatherMaterial } from "./fuzzing/material.ts";
import { describeFailure, describeRun, runCases } from "./fuzzing/run.ts";

/** Mutants of one seed. */
const ROUND = 100_000;

const args = parseArgs(Deno.args, { string: ["seed", "minutes"] });
const firstSeed = Number(args["seed"] ?? Math.floor(Math.random() * 0x1_0000_0000));
const end = performance.now() + Number(args["minutes"] ?? Infinity) * 60_000;

const material = gatherMaterial();
console.log(describeMaterial(material));
for (let seed = firstSeed; performance.now() < end; seed++) {
  const run = await runCases(new Cases(material, seed), 0, ROUND);
  console.log(`seed ${seed}: ${describeRun(run)}`);
  if (run.failure === undefined) continue;
  console.error(describeFailure(run.failure, seed));
  Deno.exit(1);
}
