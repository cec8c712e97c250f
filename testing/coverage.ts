/**
 * Coverage of all files, the lines that no test runs as well as the files that no test loads: `deno coverage` knows
 * neither those nor the stand-ins that the configuration links. Fails below the thresholds of `deno.json`.
 *
 * @module
 */

import { stripTypeScriptTypes } from "node:module";

/** What is counted, in lcov's words. */
export const METRICS = { lines: ["LF", "LH"], branches: ["BRF", "BRH"], functions: ["FNF", "FNH"] } as const;

/** Lines, branches or functions. */
export type Metric = keyof typeof METRICS;

/** How many there are, and how many of them ran. */
export interface Share {
  /** How many there are. */
  readonly found: number;
  /** How many ran. */
  readonly hit: number;
}

/** The shares of a file. */
export type FileCoverage = { readonly [metric in Metric]: Share };

/**
 * The files of an lcov report.
 *
 * @param lcov Its text.
 * @returns Each file's shares, by path.
 */
export function readLcov(lcov: string): Map<string, FileCoverage> {
  const files = new Map<string, FileCoverage>();
  for (const record of lcov.split("end_of_record")) {
    const path = /^SF:(.*)$/m.exec(record)?.[1];
    if (path === undefined) continue;
    const number = (key: string): number => Number(new RegExp(`^${key}:(\\d+)$`, "m").exec(record)?.[1] ?? 0);
    const share = ([found, hit]: readonly [string, string]): Share => ({ found: number(found), hit: number(hit) });
    files.set(path, {
      lines: share(METRICS.lines),
      branches: share(METRICS.branches),
      functions: share(METRICS.functions),
    });
  }
  return files;
}

/** The share of all files together. */
export function totalOf(files: Iterable<FileCoverage>, metric: Metric): Share {
  let [found, hit] = [0, 0];
  for (const file of files) {
    found += file[metric].found;
    hit += file[metric].hit;
  }
  return { found, hit };
}

/** How many percent ran; nothing is wholly covered. */
export function percentOf({ found, hit }: Share): number {
  return found === 0 ? 100 : hit * 100 / found;
}

/** Whether anything of a module is left when it runs; a module of types alone is not loaded, and needs no test. */
export function hasCode(source: string): boolean {
  const code = stripTypeScriptTypes(source, { mode: "strip" });
  return code.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "").replace(/\bexport\s*\{\s*\};?|;/g, "").trim() !== "";
}

/** Whether tests must run it: it is part of migwire, and no test itself. */
export function isSource(path: string): boolean {
  return /^(?:mod\.ts|(?:src|cli)\/.*\.ts)$/.test(path) && !/_(?:for_)?test\.ts$/.test(path);
}

/** All files below a folder, by their paths within it. */
function* filesOf(root: string, folder = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${root}/${folder}`)) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (isDirectory) yield* filesOf(root, path);
    else yield path;
  }
}

/** What `deno coverage` makes of the raw data in a folder, for all files, the linked ones too. */
async function lcovOf(raw: string, root: string): Promise<string> {
  const { compilerOptions, unstable } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  // A configuration that links packages takes their files for somebody else's.
  const folder = await Deno.makeTempDir({ prefix: "migwire-" });
  try {
    await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify({ compilerOptions, unstable }));
    const args = ["coverage", "--lcov", raw];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: folder }).output();
    const said = new TextDecoder().decode(stderr);
    // It only warns of files that it cannot count. Of programs that tests have bundled and installed nothing is left.
    const isOurs = (line: string): boolean => line.includes("Skipping") && line.includes(`file://${root}/`);
    if (!success || said.split("\n").some(isOurs)) throw new Error(`Cannot read ${raw}: ${said}`);
    return new TextDecoder().decode(stdout);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const root = decodeURIComponent(new URL("..", import.meta.url).pathname).replace(/\/$/, "");
  const raw = await Deno.realPath(Deno.args[0] ?? "coverage");
  const all = [...readLcov(await lcovOf(raw, root))].filter(([path]) => path.startsWith(`${root}/`))
    .map(([path, coverage]) => [path.slice(root.length + 1), coverage] as const);
  const metrics = Object.keys(METRICS) as Metric[];
  const row = (name: string, files: readonly FileCoverage[]): string =>
    [...metrics.map((metric) => percentOf(totalOf(files, metric)).toFixed(1).padStart(9)), `  ${name}`].join("");
  console.log(metrics.map((metric) => metric.padStart(9)).join(""));
  for (const [path, coverage] of all) console.log(row(path, [coverage]));
  const sources = all.filter(([path]) => isSource(path)).map(([, coverage]) => coverage);
  console.log(row("all that ran", all.map(([, coverage]) => coverage)));
  console.log(row("src, cli and mod.ts", sources));

  const { coverage: { thresholds } } = JSON.parse(Deno.readTextFileSync(`${root}/deno.json`));
  const problems = metrics.flatMap((metric) => {
    const percent = percentOf(totalOf(sources, metric));
    return percent < thresholds[metric] ? [`${metric}: ${percent.toFixed(2)} % ran, not ${thresholds[metric]} %`] : [];
  });
  const loaded = new Set(all.map(([path]) => path));
  for (const path of [...filesOf(root, "src"), ...filesOf(root, "cli"), "mod.ts"].filter(isSource).sort()) {
    if (loaded.has(path) || !hasCode(Deno.readTextFileSync(`${root}/${path}`))) continue;
    problems.push(`${path}: no test loads it`);
  }
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) Deno.exit(1);
}
