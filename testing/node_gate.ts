/**
 * Holds the library under Node to what it says under Deno: all records, reports, digests and verdicts of captures, and of
 * the situations that can be forged. `deno task node-gate`; needs `node` on the path, which is 20 or newer.
 *
 * @module
 */

import { NODE_ENTRY_POINTS } from "./node/entry_points.js";
import { libraryOf, summaries } from "./node/summary.js";
import { CAPTURES, haveCaptures } from "./real_captures.ts";

const ROOT = new URL("..", import.meta.url);

/** The oldest that this was measured with. */
const OLDEST = 20;

/** The first Node that unpacks zstd. */
const WITH_ZSTD = [22, 15];

/** Captures that have channels of their own; of the others the source wrote a file. */
function directories(): string[] {
  const parents = [new URL("testdata/", ROOT), ...(haveCaptures() ? [CAPTURES] : [])];
  return parents.flatMap((parent) =>
    [...Deno.readDirSync(parent)].filter(({ isDirectory }) => isDirectory).map(({ name }) =>
      new URL(name, parent).pathname
    )
  ).filter((path) => [...Deno.readDirSync(path)].some(({ name }) => name === "channel-00.s2d")).sort();
}

async function run(program: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, { args: [...args], cwd: ROOT }).output();
  if (!success) throw new Error(`Cannot run ${program} ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Where two texts differ, with what stands around it. */
function difference(one: string, other: string): string {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  const around = (text: string): string => text.slice(Math.max(0, at - 200), at + 100);
  return `Deno: …${around(one)}…\nNode: …${around(other)}…`;
}

/** What is written of a capture under zstd by a Node that cannot unpack it: everything but its RAM. */
function withoutRam(line: string): string {
  return line.replace(/,"digests":.*$/s, "");
}

const version = (await run("node", ["--version"]).catch(() => "")).trim();
// Without a Node on the path Deno takes itself for one, and says another version.
const [, major = 0, minor = 0] = (/^v(\d+)\.(\d+)\./.exec(version) ?? []).map(Number);
if (major < OLDEST) {
  console.log(
    `FAIL  node ${OLDEST} or newer is needed on the path; there is ${version === "" || major === 0 ? "none" : version}`,
  );
  Deno.exit(1);
}
const hasZstd = major > (WITH_ZSTD[0] ?? 0) || (major === WITH_ZSTD[0] && minor >= (WITH_ZSTD[1] ?? 0));

await run(Deno.execPath(), ["task", "-q", "bundle:library"]);
const captures = directories();
const folder = new URL("dist/library", ROOT).pathname;
const script = new URL("node/read_captures.js", import.meta.url).pathname;
const lines = (await run("node", [script, folder, ...captures])).trimEnd().split("\n");

const library = await libraryOf((name: string) => import(new URL(`src/public/${name}.ts`, ROOT).href));
let passed = 0;
let failed = 0;
let records = 0;
for await (const expected of summaries(library, captures)) {
  const found = lines[passed + failed] ?? "";
  const { name, streams } = JSON.parse(expected);
  const isCut = !hasZstd && name.includes("zstd") && found.includes("this runtime cannot");
  const [one, other] = isCut ? [withoutRam(expected), withoutRam(found)] : [expected, found];
  for (const { kinds } of Object.values(streams ?? {}) as { kinds: { [kind: string]: number } }[]) {
    records += Object.values(kinds).reduce((sum, count) => sum + count, 0);
  }
  if (one === other) passed++;
  else {
    failed++;
    console.log(`FAIL  ${name}\n${difference(one, other)}`);
  }
  if (isCut) console.log(`left out: digests of ${name}: node ${version} has no zstd`);
}
console.log(
  `node ${version}: ${NODE_ENTRY_POINTS.length} entry points, ${captures.length} captures, ${records} records`,
);
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0 || passed < 2 || lines.length !== passed) Deno.exitCode = 1;
