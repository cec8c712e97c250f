/**
 * Fuzzes all that reads what others wrote: `deno task fuzz [--seconds N] [--seed N] [--target NAME]... [--runs N]`. First
 * 200,000 mutants of real channels (`--mutants N`), then each target for its share of the time, guided by what code was
 * reached. The seed, which is printed, makes the same inputs again. `--target NAME --input HEX` runs one input. `--keep DIR`
 * writes what was found worth to be kept, for `deno task fuzz:minimise`. Exit code 1 if something shows a fault.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { pathToFileURL } from "node:url";
import { Cases } from "./fuzzing/cases.ts";
import { campaign, replay } from "./fuzzing/guided/campaign.ts";
import { writeCorpus } from "./fuzzing/guided/corpus_files.ts";
import { describeMaterial, gatherMaterial } from "./fuzzing/material.ts";
import { describeFailure, describeRun, runCases } from "./fuzzing/run.ts";

/** Mutants that are read whatever the targets find. */
const MUTANTS = 200_000;

/** Time of all, in CI. */
const SECONDS = 290;

/** The targets have so much at least, however busy the machine is with the mutants; none if no time is asked for. */
const LEAST_SECONDS = 30;

const began = performance.now();
const args = parseArgs(Deno.args, {
  string: ["seed", "first", "mutants", "seconds", "runs", "target", "input", "keep"],
  boolean: ["blind"],
  collect: ["target"],
});
const seed = Number(args["seed"] ?? Math.floor(Math.random() * 0x1_0000_0000));
const targets = [args["target"] ?? []].flat() as string[];
const [name] = targets;

if (args["input"] !== undefined && name !== undefined) {
  Deno.exit(await replay(name, Uint8Array.fromHex(args["input"]), console.log) ? 0 : 1);
}

let faults = 0;
const count = Number(args["mutants"] ?? (targets.length === 0 ? MUTANTS : 0));
if (count > 0) {
  const material = gatherMaterial();
  console.log(`seed ${seed}, ${describeMaterial(material)}`);
  const run = await runCases(new Cases(material, seed), Number(args["first"] ?? 0), count);
  console.log(describeRun(run));
  if (run.failure !== undefined) {
    console.error(describeFailure(run.failure, seed));
    faults++;
  }
}
const folder = args["keep"] === undefined ? undefined : pathToFileURL(`${args["keep"]}/`);
const asked = Number(args["seconds"] ?? SECONDS);
if (asked > 0) {
  faults += await campaign({
    seed,
    seconds: Math.max(Math.min(LEAST_SECONDS, asked), asked - (performance.now() - began) / 1000),
    ...(args["runs"] === undefined ? {} : { runs: Number(args["runs"]) }),
    only: targets,
    blind: args["blind"] === true,
    log: console.log,
    ...(folder === undefined ? {} : { keep: (target, inputs) => writeCorpus(target, inputs, folder) }),
  });
}
Deno.exit(faults === 0 ? 0 : 1);
