/** The tests that mutants are held against, and in what order. @module */

/** Folders and files with tests that run `src/wire` and `src/load`. */
const TESTS = [
  "src/wire",
  "src/load",
  "src/stream",
  "src/report/check",
  "src/report/load",
  "src/report/inspect",
  "src/capture/oracle_test.ts",
  "testing/vectors_test.ts",
  "testing/regressions_test.ts",
];

/** Takes longer than all others together, to see that a cut at any byte changes nothing. What only it would notice survives. */
const TOO_SLOW = "src/stream/main_splits_test.ts";

/** Seconds that each test file takes with nothing changed. */
export type Times = ReadonlyMap<string, number>;

/** The first tests of a mutant take no more seconds than this; the next ones no more than the next. */
const STAGES = [2, 10, 30];

/** All files below folders, in the order of their names. */
export function filesBelow(root: string, paths: readonly string[]): string[] {
  const files: string[] = [];
  for (const path of paths) {
    if (Deno.statSync(`${root}/${path}`).isFile) files.push(path);
    else files.push(...filesBelow(root, [...Deno.readDirSync(`${root}/${path}`)].map(({ name }) => `${path}/${name}`)));
  }
  return files.sort();
}

/** The test files of a tree. */
export function testFiles(root: string): string[] {
  return filesBelow(root, TESTS).filter((file) => /(?<!_for)_test\.ts$/.test(file) && file !== TOO_SLOW);
}

/** The modules that are changed. */
export function changedModules(root: string): string[] {
  return filesBelow(root, ["src/wire", "src/load"]).filter((file) =>
    file.endsWith(".ts") && !file.endsWith("_test.ts") && !file.endsWith("_for_test.ts")
  );
}

/** Whether there is an example to run in a module's comments. */
export function hasExample(text: string): boolean {
  return /^ \* ```ts$/m.test(text);
}

/**
 * The tests in the order in which they are asked about a change: those that noticed changes of the same file, those of its
 * name, of its folder, of its part of `src`, and the others; the quick ones first.
 *
 * @param file The file that is changed.
 * @param times All test files.
 * @param noticed Tests that noticed a change of a file before.
 * @returns Files to run at once, one group after the other.
 */
export function stagesFor(file: string, times: Times, noticed: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const rank = (test: string): number => {
    if (test === file.replace(/\.ts$/, "_test.ts")) return 0;
    if (noticed.get(file)?.has(test)) return 1;
    if (folderOf(test) === folderOf(file)) return 2;
    return test.startsWith(partOf(file)) ? 3 : 4;
  };
  const order = [...times].sort(([a, x], [b, y]) => rank(a) - rank(b) || x - y);
  const stages: string[][] = [];
  let room = 0;
  for (const [test, seconds] of order) {
    if (seconds > room) {
      room = STAGES[stages.length] ?? Infinity;
      stages.push([]);
    }
    room -= seconds;
    stages.at(-1)?.push(test);
  }
  return stages;
}

function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf("/"));
}

function partOf(file: string): string {
  return file.split("/").slice(0, 2).join("/") + "/";
}
