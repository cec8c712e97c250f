/**
 * Holds what `migwire export` writes, and the questions of the README, to DuckDB: exports the captures beside the project,
 * asks what the README asks, and compares the answers. With `--write` the README gets today's answers. Installs DuckDB with
 * pip in a folder of its own.
 *
 * @module
 */

import { main } from "../cli/main.ts";
import { processIo } from "../cli/io.ts";
import { CORPUS_FOLDERS } from "./corpus_folders.ts";
import { withFolder } from "./temporary.ts";

const BLOCK = /```sql\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/g;

const SCRIPT = `
import json, sys
sys.path.insert(0, "modules")
import duckdb
for query in json.load(sys.stdin):
    print(duckdb.sql(query), end="\\0")
`;

async function command(name: string, args: readonly string[], cwd: string, input = ""): Promise<string> {
  const child = new Deno.Command(name, { args: [...args], cwd, stdin: "piped", stdout: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error(`${name} ${args.join(" ")} failed`);
  return new TextDecoder().decode(stdout);
}

let failed = 0;
await withFolder(async (folder) => {
  const [shared] = CORPUS_FOLDERS;
  const paths = (shared?.captures ?? []).map((name) => decodeURIComponent(new URL(name, shared?.url).pathname));
  const code = await main(["export", ...paths, "--out", `${folder}/tables`], processIo());
  if (code !== 0) throw new Error(`migwire export ended with ${code}`);
  await command("python3", ["-m", "pip", "install", "-q", "--target", "modules", "duckdb==1.5.6"], folder);
  const readme = new URL("../README.md", import.meta.url);
  const markdown = await Deno.readTextFile(readme);
  const examples = [...markdown.matchAll(BLOCK)].map(([, query = "", answer = ""]) => ({ query, answer }));
  if (examples.length < 5) throw new Error("The README's questions are not found any more");
  const queries = JSON.stringify(examples.map(({ query }) => query));
  const answers = (await command("python3", ["-c", SCRIPT], folder, queries)).split("\0");
  const today = answers.map((text) => `${text.trim()}\n`);
  if (Deno.args.includes("--write")) {
    let next = 0;
    const text = markdown.replace(
      BLOCK,
      (_, query) => `\`\`\`sql\n${query}\`\`\`\n\n\`\`\`text\n${today[next++]}\`\`\``,
    );
    return await Deno.writeTextFile(readme, text);
  }
  for (const [i, { query, answer }] of examples.entries()) {
    const same = answer === today[i];
    if (!same) failed++;
    console.log(`${same ? "ok   " : "FAIL "} ${query.split("\n")[0]}`);
    if (!same) console.log(today[i]);
  }
});
Deno.exit(failed === 0 ? 0 : 1);
