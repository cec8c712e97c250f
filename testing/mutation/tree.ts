/** A copy of the project in which files are changed and tests are run. @module */

import { type Ended, type Limits, runWatched } from "./watched.ts";
import { hasExample, type Times } from "./tests.ts";
import type { Mutant } from "./choose.ts";

/** What is not copied. */
const LEFT_OUT = new Set([".git", "dist", "coverage", "node_modules"]);

/** How a mutant fared. */
export interface Verdict {
  /** Whether a test noticed. */
  readonly killed: boolean;
  /** The first test that failed, the limit that was reached, or nothing. */
  readonly by?: string;
  /** The file of that test. */
  readonly test?: string;
}

/** Memory that tests may take, in bytes: what they take with nothing changed is a fourth of it. */
const MEMORY = 3 * 2 ** 30;

/** A module of a group of tests, in the copy's root. */
const TOGETHER = "together_test.ts";

/** A copy of the project. */
export class Tree {
  readonly #folder: string;
  readonly #root: string;

  /** @param folder An empty one. The project's neighbour `shared`, with the captures, is linked. */
  constructor(folder: string) {
    this.#folder = folder;
    this.#root = `${folder}/tree`;
    Deno.mkdirSync(`${folder}/tmp`);
    copyFolder(".", this.#root);
    try {
      Deno.symlinkSync(Deno.realPathSync("../shared"), `${folder}/shared`);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Runs tests with nothing changed, and takes their times. @throws If one of them fails. */
  async times(tests: readonly string[], examples: readonly string[]): Promise<Times> {
    const junit = `${this.#folder}/tmp/junit.xml`;
    const { code, output } = await this.#run([`--junit-path=${junit}`, ...tests], 3600);
    if (code !== 0) throw new Error(`Cannot mutate: tests fail with nothing changed\n${output.slice(-4000)}`);
    const docs = await this.#run(["--doc", ...examples], 3600);
    if (docs.code !== 0) {
      throw new Error(`Cannot mutate: examples fail with nothing changed\n${docs.output.slice(-4000)}`);
    }
    const times = new Map(tests.map((test) => [test, 0]));
    const cases = Deno.readTextFileSync(junit).matchAll(/<testcase [^>]*classname="\.\/([^"]*)" time="([\d.]+)"/g);
    for (const [, test = "", time] of cases) times.set(test, (times.get(test) ?? 0) + Number(time));
    return times;
  }

  /** Holds a mutant against tests, a group after the other, and then against the examples of its file. */
  async judge(mutant: Mutant, stages: readonly string[][], times: Times): Promise<Verdict> {
    const file = `${this.#root}/${mutant.file}`;
    const original = Deno.readTextFileSync(file);
    Deno.writeTextFileSync(file, mutant.text);
    try {
      for (const tests of stages) {
        const verdict = await this.#ask(tests, times);
        if (verdict.killed) return verdict;
      }
      return hasExample(original) ? verdictOf(await this.#run(["--doc", mutant.file], 0)) : { killed: false };
    } finally {
      Deno.writeTextFileSync(file, original);
    }
  }

  /** Asks a group of tests. One that fails has to fail once more, alone: on a busy machine tests of time fail by chance. */
  async #ask(tests: readonly string[], times: Times): Promise<Verdict> {
    let left = tests;
    while (left.length > 0) {
      const verdict = await this.#together(left, times);
      const { test } = verdict;
      if (!verdict.killed || test === undefined || !left.includes(test)) return verdict;
      const again = await this.#together([test], times);
      if (again.killed) return again;
      left = left.filter((other) => other !== test);
    }
    return { killed: false };
  }

  /** Runs tests up to the first that fails. One module that imports them all is quicker than each on its own. */
  async #together(tests: readonly string[], times: Times): Promise<Verdict> {
    const seconds = tests.reduce((sum, test) => sum + (times.get(test) ?? 0), 0);
    Deno.writeTextFileSync(`${this.#root}/${TOGETHER}`, tests.map((test) => `import "./${test}";\n`).join(""));
    return verdictOf(await this.#run(["--fail-fast", TOGETHER], seconds));
  }

  async #run(args: readonly string[], seconds: number): Promise<Ended> {
    const temporary = `${this.#folder}/tmp`;
    const permissions = ["--allow-read", `--allow-write=${temporary}`, "--allow-net", "--allow-run", "--allow-env"];
    const command = new Deno.Command("nice", {
      args: [
        Deno.execPath(),
        "test",
        "--no-check",
        "--no-prompt",
        "--v8-flags=--max-old-space-size=2048",
        ...permissions,
        ...args,
      ],
      cwd: this.#root,
      env: { NO_COLOR: "1", RUST_BACKTRACE: "0", TMPDIR: temporary },
      stdout: "piped",
      stderr: "piped",
    });
    const limits: Limits = { processor: 15 + 5 * seconds, clock: 180 + 20 * seconds, memory: MEMORY };
    return await runWatched(command, limits);
  }
}

function verdictOf({ code, over, output }: Ended): Verdict {
  if (over !== undefined) return { killed: true, by: `limit: ${over}` };
  if (code === 0) return { killed: false };
  const [, by, test] = /^(.+?) => (?:\.\/)?(\S+?\.ts)[:#]\d+/m.exec(output) ?? [];
  const module = /^(\S+) \(uncaught error\)/m.exec(output)?.[1];
  return { killed: true, by: by ?? module ?? `exit code ${code}`, ...(test === undefined ? {} : { test }) };
}

function copyFolder(from: string, to: string): void {
  Deno.mkdirSync(to);
  for (const { name, isDirectory, isFile } of Deno.readDirSync(from)) {
    if (LEFT_OUT.has(name)) continue;
    if (isDirectory) copyFolder(`${from}/${name}`, `${to}/${name}`);
    else if (isFile) Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}
