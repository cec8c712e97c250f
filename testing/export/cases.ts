import { assert, assertEquals } from "@std/assert";
import { writeDirectory } from "../../src/capture/mod.ts";
import { forge, forgeRow, parseForgeDescription } from "../../src/forge/mod.ts";
import { TABLE_NAMES } from "../../src/report/mod.ts";
import type { Case } from "../real_qemu/case.ts";
import { CORPUS_FOLDERS } from "../corpus_folders.ts";
import { writeLargeMigration } from "./large.ts";
import { runExport } from "./program.ts";

/**
 * Most memory of an export, MiB, whatever the size of its captures; what was seen is below two thirds of it. The runtime
 * alone has 100, and each worker 60.
 */
const MOST_MIB = 512;

/** How much more a large capture may need than a small one, MiB. */
const MORE_MIB = 64;

/** Paths of the captures beside the project. */
export function corpusPaths(): string[] {
  const [shared] = CORPUS_FOLDERS;
  return (shared?.captures ?? []).map((name) => decodeURIComponent(new URL(name, shared?.url).pathname));
}

/** What must hold of the command as a process. `sizes` are those of large captures, MiB. */
export function exportCases(sizes: readonly [small: number, ...large: number[]], many: number): Case[] {
  return [
    { name: "an export that was killed is taken up again", run: killed },
    { name: `memory is flat for captures of ${sizes.join(", ")} MiB`, run: (folder) => large(folder, sizes) },
    { name: `memory is flat for ${many} captures, and cores share them`, run: (folder) => side(folder, many) },
  ];
}

/** Killed in the middle of a capture, then run again: the tables are those of a run that nothing happened to. */
async function killed(folder: string): Promise<string> {
  const paths = corpusPaths();
  const [out, whole] = [`${folder}/killed`, `${folder}/whole`];
  const done = (): number => entries(`${out}/_migwire`).filter((name) => name.endsWith(".json")).length;
  const halfWay = (): boolean =>
    done() >= paths.length / 4 && entries(`${out}/_migwire`).some((name) => name.endsWith(".part"));
  const { success } = await runExport(["--out", out, ...paths], halfWay);
  const before = done();
  assert(!success && before < paths.length, "it was over before it could be killed");
  const left = entries(`${out}/_migwire`).filter((name) => name.endsWith(".part")).length;
  const again = await runExport(["--out", out, ...paths]);
  assert(again.success, again.text);
  assert(again.text.includes(`${before} there already`), again.text);
  assert((await runExport(["--out", whole, ...paths])).success);
  assertEquals(entries(`${out}/_migwire`), entries(`${whole}/_migwire`));
  for (const table of TABLE_NAMES) {
    const migrations = entries(`${whole}/${table}`);
    assertEquals(entries(`${out}/${table}`), migrations);
    for (const migration of migrations) {
      const [one, other] = [out, whole].map((root) => Deno.readFileSync(`${root}/${table}/${migration}/part.parquet`));
      assertEquals(one, other, `${table} of ${migration}`);
    }
  }
  return `killed after ${before} of ${paths.length} with ${left} begun; then all is there, the same bytes`;
}

async function large(folder: string, [small, ...others]: readonly [number, ...number[]]): Promise<string> {
  const peaks: number[] = [];
  const texts: string[] = [];
  for (const size of [small, ...others]) {
    const path = `${folder}/capture-${size}`;
    await writeLargeMigration(path, size);
    const { success, peakMiB, seconds, text } = await runExport(["--json", "--out", `${folder}/tables`, path]);
    // All of it was read, and is fine.
    assert(success && text.includes(`"buffers": ${size / 2 + 1}`) && text.includes('"problems": 0'), text);
    peaks.push(peakMiB);
    texts.push(`${size} MiB: ${peakMiB.toFixed(0)} MiB in ${seconds.toFixed(1)} s`);
    await Deno.remove(path, { recursive: true });
  }
  const [least = 0] = peaks;
  const most = Math.max(...peaks);
  assert(most < MOST_MIB && most - least < MORE_MIB, texts.join(", "));
  return texts.join(", ");
}

/** Many small captures: with all cores it is faster than with one, and memory does not grow with their number. */
async function side(folder: string, many: number): Promise<string> {
  const small = forge(await parseForgeDescription(forgeRow("row-1")?.text ?? ""));
  const list: string[] = [];
  for (let i = 0; i < many; i++) {
    const path = `${folder}/many/vm-${i}`;
    await Deno.mkdir(path, { recursive: true });
    for (const _ of writeDirectory(small, path));
    list.push(path);
  }
  await Deno.writeTextFile(`${folder}/broken`, "");
  const from = (name: string, paths: readonly string[]): string[] => {
    Deno.writeTextFileSync(`${folder}/${name}.txt`, paths.join("\n"));
    return ["--out", `${folder}/${name}`, "--from", `${folder}/${name}.txt`];
  };
  const few = await runExport(from("few", list.slice(0, many / 10)));
  const one = await runExport([...from("one", list), "--jobs", "1"]);
  // One that cannot be read is in the middle.
  const all = await runExport(from("all", list.toSpliced(many / 2, 0, `${folder}/broken`)));
  assert(few.success && one.success, few.text + one.text);
  assert(!all.success && all.text.includes(`${many} written, 1 that cannot be read`), all.text.slice(-500));
  const text = `${few.peakMiB.toFixed(0)} MiB for ${many / 10}, ${all.peakMiB.toFixed(0)} MiB for ${many}; ` +
    `${one.seconds.toFixed(1)} s with one job, ${all.seconds.toFixed(1)} s with ${navigator.hardwareConcurrency}`;
  assert(all.peakMiB < MOST_MIB && all.peakMiB - few.peakMiB < MORE_MIB, text);
  return text;
}

/** Names in a folder, sorted; none if it is not there. */
function entries(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  } catch {
    return [];
  }
}
