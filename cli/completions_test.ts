import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { canWrite, haveProgram, withFiles } from "../src/capture/files_for_test.ts";
import { type CommandDefinition, optionsOf } from "./command.ts";
import { bashCompletions } from "./completions/bash.ts";
import { fishCompletions } from "./completions/fish.ts";
import { optionWords } from "./completions/words.ts";
import { zshCompletions } from "./completions/zsh.ts";
import { definitionsOf } from "./definitions.ts";
import { EXIT } from "./exit.ts";
import { COMMANDS, main } from "./main.ts";
import { memoryIo } from "./memory_io.ts";

const TRICKY: CommandDefinition = {
  name: "try",
  summary: "it's [a]: test",
  operands: [{ name: "CAPTURE", repeatable: true }],
  options: [
    { name: "spawn", short: "s", value: "COMMAND", valueOptional: true, help: "QEMU's command" },
    { name: "out", value: "DIR", help: "write there" },
    { name: "kind", short: "k", value: "KIND", choices: ["ram", "vfio"], help: "only these", repeatable: true },
  ],
  examples: [],
};

async function printed(shell: string): Promise<string> {
  const io = memoryIo();
  assertEquals(await main(["completions", shell], io), EXIT.ok);
  return io.out();
}

/** What a program says to a script, one line each, sorted. */
async function linesOf(program: string, args: readonly string[], cwd?: string): Promise<string[]> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    ...(cwd === undefined ? {} : { cwd }),
    stdin: "null",
    signal: AbortSignal.timeout(30_000),
  }).output();
  assert(success, new TextDecoder().decode(stderr));
  assertEquals(new TextDecoder().decode(stderr), "");
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "").sort();
}

/** What bash would offer for the last of `words`. */
function offered(script: string, words: readonly string[], cwd?: string): Promise<string[]> {
  const array = words.map((word) => `'${word}'`).join(" ");
  const ask = `COMP_WORDS=(${array}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _migwire 2>/dev/null`;
  return linesOf("bash", ["--norc", "-uc", `${script}\n${ask}\nprintf '%s\\n' "\${COMPREPLY[@]-}"`], cwd);
}

Deno.test("completions prints a script for each shell that names every command and every option of it", async () => {
  const definitions = await definitionsOf(COMMANDS);
  const [bash, zsh, fish] = [await printed("bash"), await printed("zsh"), await printed("fish")];
  for (const definition of definitions) {
    assertStringIncludes(bash, `'${definition.name} -'*) words='${optionWords(definition).join(" ")}' ;;\n`);
    const [, block = ""] = zsh.split(`\n    ${definition.name})\n`);
    const lines = fish.split("\n").filter((line) => line.includes(`[2] = ${definition.name} `));
    for (const { name } of optionsOf(definition)) {
      assert(block.split("\n      ;;")[0]?.includes(`--${name}`), `zsh: ${definition.name} --${name}`);
      assert(lines.some((line) => line.includes(` -l ${name} `)), `fish: ${definition.name} --${name}`);
    }
  }
});

Deno.test("completions says which shells there are", async () => {
  for (
    const [shell, message] of [
      ["bsh", 'Cannot complete for the shell "bsh": did you mean bash?'],
      ["powershell", "it is one of bash, zsh, fish"],
      ["constructor", "it is one of bash, zsh, fish"],
    ] as const
  ) {
    const io = memoryIo();
    assertEquals(await main(["completions", shell], io), EXIT.usage);
    assertStringIncludes(io.err(), message);
  }
});

Deno.test("zsh's and fish's scripts escape what is special to them", () => {
  const zsh = zshCompletions([TRICKY]);
  assertStringIncludes(zsh, `'try:it'\\''s \\[a\\]\\: test'`);
  assertStringIncludes(zsh, `'(-s --spawn)--spawn=-[QEMU'\\''s command]::COMMAND: '`);
  assertStringIncludes(zsh, "'--out=[write there]:DIR:_files'");
  assertStringIncludes(zsh, "'*-k[only these]:KIND:(ram vfio)'");
  assertStringIncludes(zsh, "'*:CAPTURE:_files'");
  const fish = fishCompletions([TRICKY]);
  assertStringIncludes(fish, "-a try -d 'it\\'s [a]: test'\n");
  assertStringIncludes(fish, " -l out -r -F -d 'write there'\n");
  assertStringIncludes(fish, " -s k -l kind -x -a 'ram vfio' -d 'only these'\n");
});

const noBash = !haveProgram("bash");

Deno.test("bash completes commands, options, their values and files", { ignore: noBash }, async () => {
  const script = bashCompletions([TRICKY, {
    ...TRICKY,
    name: "other",
    operands: [{ name: "X", choices: ["a", "b"] }],
  }]);
  const cases: [words: string[], offers: string[]][] = [
    [["migwire", ""], ["--help", "--version", "help", "other", "try"]],
    [["migwire", "t"], ["try"]],
    [["migwire", "help", ""], ["other", "try"]],
    [["migwire", "try", "--"], ["--help", "--kind", "--out", "--spawn"]],
    [["migwire", "try", "-k", ""], ["ram", "vfio"]],
    [["migwire", "try", "--kind", "v"], ["vfio"]],
    [["migwire", "try", "--kind", "="], ["ram", "vfio"]],
    [["migwire", "try", "--kind", "=", "r"], ["ram"]],
    [["migwire", "other", ""], ["a", "b"]],
    [["migwire", "none", ""], []],
  ];
  for (const [words, offers] of cases) assertEquals(await offered(script, words), offers, words.join(" "));
});

Deno.test("bash completes names of files as they are", { ignore: noBash || !canWrite() }, () => {
  const ask = "COMP_WORDS=(migwire try --out a) COMP_CWORD=3; _migwire; printf '%s\\n' \"${COMPREPLY[@]}\"";
  withFiles({ "a capture*.bin": "", "b": "" }, (cwd) => {
    const args = ["--norc", "-c", `${bashCompletions([TRICKY])}\n${ask}`];
    const { stdout } = new Deno.Command("bash", { args, cwd, stdin: "null" }).outputSync();
    assertEquals(new TextDecoder().decode(stdout), "a capture*.bin\n");
  });
});

Deno.test("bash completes the commands of migwire", { ignore: noBash }, async () => {
  const script = await printed("bash");
  assertEquals(await offered(script, ["migwire", "insp"]), ["inspect"]);
  assertEquals(await offered(script, ["migwire", "convert", "--to", ""]), ["directory", "pcapng", "stream"]);
  assertEquals(await offered(script, ["migwire", "completions", ""]), ["bash", "fish", "zsh"]);
});

Deno.test("zsh takes its script", { ignore: !haveProgram("zsh") }, async () => {
  const ask = `autoload -U compinit && compinit -D -u && eval "$1" && print $_comps[migwire]`;
  assertEquals(await linesOf("zsh", ["-f", "-c", ask, "zsh", await printed("zsh")]), ["_migwire"]);
});

Deno.test("fish completes the commands of migwire", { ignore: !haveProgram("fish") }, async () => {
  const script = await printed("fish");
  const ask = (line: string): Promise<string[]> =>
    linesOf("fish", ["--no-config", "-c", `${script}\ncomplete -C '${line}'`]);
  assertEquals(await ask("migwire insp"), [
    `inspect\t${COMMANDS.find(({ name }) => name === "inspect")?.summary}`,
  ]);
  assertEquals((await ask("migwire convert --to ")).map((line) => line.split("\t")[0]), [
    "directory",
    "pcapng",
    "stream",
  ]);
});
