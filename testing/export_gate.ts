/**
 * Holds what `migwire export` writes, and the questions of the README, to DuckDB: exports the captures beside the project,
 * asks what the README asks, and compares the answers; then the command as a process: killed, with large captures, with
 * many. With `--write` the README gets today's answers. `--large`: captures of 1 and 4 GiB, for figures. Needs Linux; DuckDB
 * comes from npm.
 *
 * @module
 */

import { processIo } from "../cli/io.ts";
import { main } from "../cli/main.ts";
import { corpusPaths, exportCases } from "./export/cases.ts";
import { DuckDb } from "./export/duckdb.ts";
import { type Case, runCases } from "./real_qemu/case.ts";
import { withFolder } from "./temporary.ts";

const BLOCK = /```sql\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g;
const README = new URL("../README.md", import.meta.url);

let failed = 0;
await withFolder(async (folder) => {
  const code = await main(["export", ...corpusPaths(), "--out", `${folder}/tables`], processIo());
  if (code !== 0) throw new Error(`migwire export ended with ${code}`);
  // As they stand in the README the questions are asked beside the tables.
  Deno.chdir(folder);
  using database = await DuckDb.open();
  const markdown = await Deno.readTextFile(README);
  const examples = [...markdown.matchAll(BLOCK)].map(([, query = "", answer = ""]) => ({ query, answer }));
  if (examples.length < 5) throw new Error("The README's questions are not found any more");
  const today = await Promise.all(examples.map(({ query }) => database.table(query)));
  if (Deno.args.includes("--write")) {
    let next = 0;
    const text = markdown.replace(
      BLOCK,
      (_, query) => `\`\`\`sql\n${query}\`\`\`\n\n\`\`\`text\n${today[next++]}\`\`\``,
    );
    return await Deno.writeTextFile(README, text);
  }
  const questions = examples.map(({ query, answer }, i): Case => ({
    name: query.split("\n", 1)[0] ?? "",
    run: () => answer === today[i] ? Promise.resolve("as in the README") : Promise.reject(new Error(today[i])),
  }));
  const isLarge = Deno.args.includes("--large");
  const processes = exportCases(isLarge ? [256, 1024, 4096] : [128, 512], isLarge ? 1000 : 200);
  const counts = await runCases([...questions, ...processes], {
    folder,
    workers: 1,
    limit: isLarge ? 900_000 : 90_000,
  });
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  failed = counts.failed;
});
Deno.exit(failed === 0 ? 0 : 1);
