/**
 * Makes the inputs of `testdata/fuzz/` anew: `deno task fuzz:minimise [FOLDER]... [--target NAME]`. Takes those that are
 * there, what every run starts from, and what `deno task fuzz --keep FOLDER` has kept.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { parseArgs } from "@std/cli/parse-args";
import { countRuntime } from "./fuzzing/guided/accounting.ts";
import { CORPUS, readCorpus, writeCorpus } from "./fuzzing/guided/corpus_files.ts";
import { loadTargets } from "./fuzzing/guided/load_targets.ts";
import { minimised } from "./fuzzing/guided/minimise.ts";
import { gatherMaterial } from "./fuzzing/material.ts";
import { seedsOf } from "./fuzzing/seeds.ts";

const args = parseArgs(Deno.args, { string: ["target", "_"] });
const folders = [CORPUS, ...args._.map((folder) => pathToFileURL(`${folder}/`))];
const { targets } = await loadTargets();
const seeds = await seedsOf(targets, gatherMaterial());
countRuntime();
for (const target of targets) {
  const { name } = target;
  if (args["target"] !== undefined && args["target"] !== name) continue;
  const inputs = [...folders.flatMap((folder) => readCorpus(name, folder)), ...seeds.get(name) ?? []];
  const kept = await minimised(target, inputs);
  writeCorpus(name, kept);
  console.log(
    `${name}: ${kept.length} of ${inputs.length}, ${kept.reduce((sum, { length }) => sum + length, 0)} bytes`,
  );
}
