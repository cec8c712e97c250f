import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { canWrite, haveProgram, withFiles } from "../../src/capture/files_for_test.ts";
import { optionsOf } from "../command.ts";
import { definitionsOf } from "../definitions.ts";
import { EXIT_STATUS, optionHelp, optionUsage } from "../help.ts";
import { COMMANDS } from "../main.ts";
import { manPage } from "./page.ts";

/** Text as roff prints it. */
function read(source: string): string {
  const names: Readonly<Record<string, string>> = { aq: "'", ga: "`", ha: "^", ti: "~", dq: '"' };
  return source.replaceAll("\\&", "").replace(/\\\((..)/g, (_, name: string) => names[name] ?? "?")
    .replaceAll("\\-", "-").replaceAll("\\e", "\\");
}

Deno.test("manPage() has every option of every command, with its help, every example and every exit status", async () => {
  const definitions = await definitionsOf(COMMANDS);
  const parts = manPage(definitions, "1.2.3").split("\n.SS ").map(read);
  assertEquals(parts.length, definitions.length + 1);
  for (const [i, definition] of definitions.entries()) {
    const part = parts[i + 1] ?? "";
    assert(part.startsWith(`migwire ${definition.name} [options]`), definition.name);
    for (const option of optionsOf(definition)) {
      assertStringIncludes(part, `\n.TP\n.B ${optionUsage(option).trim()}\n${optionHelp(option)}\n`);
    }
    for (const { command } of definition.examples) assertStringIncludes(part, `\n.EX\n${command}\n.EE\n`);
    for (const line of definition.details ?? []) assertStringIncludes(part, line === "" ? "\n.sp\n" : `\n${line}\n`);
  }
  for (const [code, meaning] of EXIT_STATUS) assertStringIncludes(parts.at(-1) ?? "", `\n.B ${code}\n${meaning}\n`);
});

Deno.test("manPage() leaves nothing for roff to take as its own", () => {
  const page = manPage([{
    name: "try",
    summary: "a \\n test",
    details: [".TH begins a page", "'tis a request"],
    operands: [],
    options: [],
    examples: [{ command: "migwire try '~/x^y'", does: "a `test`" }],
  }], "1");
  assertStringIncludes(page, "\n\\&.TH begins a page\n");
  assertStringIncludes(page, "A \\en test.\n");
  assertStringIncludes(page, "migwire try \\(aq\\(ti/x\\(hay\\(aq\n");
  // A line of text that begins with a quote is one of an escape, and so no request.
  assertStringIncludes(page, "\n\\(aqtis a request\n");
});

Deno.test("man prints the page without a warning", { ignore: !haveProgram("man") }, async () => {
  const page = manPage(await definitionsOf(COMMANDS), "1.2.3");
  withFiles({ "migwire.1": page }, (folder) => {
    const { stdout, stderr, success } = new Deno.Command("man", {
      args: ["--warnings", "-l", `${folder}/migwire.1`],
      env: { MANWIDTH: "100", LC_ALL: "C.UTF-8", MANPAGER: "cat" },
      stdin: "null",
    }).outputSync();
    assert(success);
    assertEquals(new TextDecoder().decode(stderr), "");
    assertStringIncludes(new TextDecoder().decode(stdout), "--multifd-compression METHOD");
  });
});

const mayRun = canWrite() && Deno.permissions.querySync({ name: "run" }).state === "granted";

Deno.test("the task writes the page where it is told to", { ignore: !mayRun }, async () => {
  const page = manPage(await definitionsOf(COMMANDS), config.version);
  withFiles({}, (folder) => {
    const script = new URL("write.ts", import.meta.url).pathname;
    const args = ["run", "--no-prompt", `--allow-write=${folder}`, script, `${folder}/migwire.1`];
    const { success, stderr } = new Deno.Command(Deno.execPath(), { args }).outputSync();
    assert(success, new TextDecoder().decode(stderr));
    assertEquals(Deno.readTextFileSync(`${folder}/migwire.1`), page);
  });
});
