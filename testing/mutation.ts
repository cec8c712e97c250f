/**
 * Changes operators of `src/wire` and `src/load` one by one, and sees whether a test fails: `deno task mutation [--seed N]
 * [--count N] [--file PATH]… [--jobs N] [--least PERCENT] [--minutes N] [--again]`.
 *
 * Operators are chosen at random, the same for the same seed; `testing/mutation/operators.ts` says which, and what is put
 * there. A mutant is killed if a test fails or a limit of time or memory is reached; types are not checked. The nearest tests
 * come first. One that no test of the parser, the loader and their reports notices has survived.
 *
 * Prints each mutant, then tables and all survivors, those known to be no other program with the reason. What is known is kept
 * in `dist/mutation/`, so that a run goes on where it was stopped, until a module or a test is changed. Exit code 1 below
 * `--least`, else 90 percent, of all mutants; 2 if there is more to do after `--minutes`; 3 if it cannot run.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { chooseMutants, type Mutant } from "./mutation/choose.ts";
import { digestOf, type Judged, readSaved, writeSaved } from "./mutation/saved.ts";
import { describe, describeMutant, percentOf } from "./mutation/table.ts";
import { changedModules, filesBelow, hasExample, stagesFor, testFiles, type Times } from "./mutation/tests.ts";
import { Tree } from "./mutation/tree.ts";
import { withFolder } from "./temporary.ts";

/** What is in it decides about no verdict: a run goes on when it is changed. */
const OWN_FOLDER = "testing/mutation/";

const args = parseArgs(Deno.args, {
  string: ["seed", "count", "file", "jobs", "least", "minutes"],
  boolean: ["again"],
  collect: ["file"],
});
const seed = Number(args["seed"] ?? Math.floor(Math.random() * 0x1_0000_0000));
const count = Number(args["count"] ?? 200);
const jobs = Number(args["jobs"] ?? 1);
const least = Number(args["least"] ?? 90);
const minutes = Number(args["minutes"] ?? Infinity);

const tests = testFiles(".");
const modules = changedModules(".").map((file) => [file, Deno.readTextFileSync(file)] as const);
const examples = modules.filter(([, text]) => hasExample(text)).map(([file]) => file);
const chosenFiles = modules.filter(([file]) => args.file.length === 0 || args.file.includes(file));
const mutants = chooseMutants(chosenFiles, seed, count);

const texts = filesBelow(".", ["src", "testing"]).filter((file) =>
  file.endsWith(".ts") && !file.startsWith(OWN_FOLDER)
);
const digest = await digestOf(texts);
const path = `dist/mutation/seed-${seed}-of-${mutants.length}.json`;
const saved = args.again ? undefined : readSaved(path, { seed, count, digest });
const judged = new Map<Mutant, Judged>();
const noticed = new Map<string, Set<string>>();
mutants.forEach((mutant, index) => {
  const known = saved?.judged[index];
  if (known !== undefined && describeMutant(known) === describeMutant(mutant)) note(mutant, known);
});

console.log(`seed ${seed}: ${mutants.length} mutants, ${judged.size} known, ${tests.length} test files`);
try {
  if (judged.size < mutants.length) await withFolder(judgeAll);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(3);
}
const all = [...judged.values()];
if (all.length < mutants.length) {
  console.log(`${all.length} of ${mutants.length}, the others are left to do`);
  Deno.exit(2);
}
console.log(describe(all));
if (percentOf(all) < least) Deno.exit(1);

async function judgeAll(folder: string): Promise<void> {
  const trees = Array.from({ length: jobs }, (_, job) => {
    Deno.mkdirSync(`${folder}/${job}`);
    return new Tree(`${folder}/${job}`);
  });
  const times: Times = saved === undefined ? await trees[0]?.times(tests, examples) ?? new Map() : new Map(saved.times);
  if (saved === undefined) writeSaved(path, { seed, count, digest, times, judged: [] });
  const until = performance.now() + minutes * 60_000;
  const left = mutants.filter((mutant) => !judged.has(mutant)).values();
  await Promise.all(trees.map(async (tree) => {
    for (const mutant of left) {
      if (performance.now() > until) return;
      const start = performance.now();
      const verdict = await tree.judge(mutant, stagesFor(mutant.file, times, noticed), times);
      const { text: _, ...rest } = mutant;
      const result = { ...rest, ...verdict, seconds: Math.round(performance.now() - start) / 1000 };
      note(mutant, result);
      // Only what is known without a gap, so that the places in the list are those of the mutants.
      const gap = mutants.findIndex((each) => !judged.has(each));
      const known = mutants.slice(0, gap < 0 ? undefined : gap).flatMap((each) => judged.get(each) ?? []);
      writeSaved(path, { seed, count, digest, times, judged: known });
      console.log(
        `${judged.size} ${describeMutant(result)}: ${verdict.by ?? "SURVIVED"} (${result.seconds.toFixed(1)} s)`,
      );
    }
  }));
}

function note(mutant: Mutant, result: Judged): void {
  judged.set(mutant, result);
  if (result.test === undefined) return;
  noticed.set(mutant.file, (noticed.get(mutant.file) ?? new Set()).add(result.test));
}
