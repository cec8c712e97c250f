import config from "../deno.json" with { type: "json" };
import jsr from "../deno.jsr.json" with { type: "json" };
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { optionsOf } from "./command.ts";
import { definitionsOf } from "./definitions.ts";
import { commandHelp } from "./help.ts";
import { COMMANDS } from "./main.ts";
import { permissionRows, PERMISSIONS, permissionsOf } from "./permissions.ts";
import { makeStyle } from "./style.ts";

Deno.test("each command has its permissions, and each of their arguments is one of the command", async () => {
  for (const definition of await definitionsOf(COMMANDS)) {
    assert(Object.hasOwn(PERMISSIONS, definition.name), definition.name);
    for (const rule of permissionsOf(definition.name)) {
      const arguments_ = [...("of" in rule ? [rule.of] : []), ...("binary" in rule ? [rule.binary] : [])];
      for (const argument of arguments_) {
        if ("option" in argument) {
          const option = optionsOf(definition).find(({ name }) => name === argument.option);
          assert(option?.value !== undefined, `${definition.name} --${argument.option}`);
        } else {
          const operand = definition.operands[argument.operand === "each" ? 0 : argument.operand];
          assert(operand !== undefined && !operand.repeatable === (argument.operand !== "each"), definition.name);
        }
      }
    }
  }
});

Deno.test("permissions of a command that is not known are none", () => {
  assertEquals([permissionsOf("toString"), permissionsOf("no")], [[], []]);
});

Deno.test("the help of a command lists its permissions", async () => {
  const definitions = await definitionsOf(COMMANDS);
  const convert = definitions.find(({ name }) => name === "convert");
  assert(convert);
  assertEquals(permissionRows(convert), [
    ["--allow-read=IN", ""],
    ["--allow-run=xz,bzip2,lzop", "to unpack a capture, where it is installed"],
    ["--allow-read=FOLDER --allow-write=FOLDER", "FOLDER is the folder that OUT is made in"],
  ]);
  for (const definition of definitions) {
    const help = commandHelp(definition, makeStyle(false));
    for (const [flags, when] of permissionRows(definition)) {
      assertStringIncludes(help, `\n  ${flags}\n${when === "" ? "" : `      ${when}\n`}`);
    }
  }
});

Deno.test("a compiled binary has the permissions that some command needs, and no other", () => {
  const rules = Object.values(PERMISSIONS).flat();
  const named = rules.flatMap((rule) => rule.kind === "env" ? rule.names : []);
  const kinds = new Set(rules.flatMap(({ kind }) => {
    if (kind === "path" || kind === "list" || kind === "attached") return ["read"];
    if (kind === "folder") return ["read", "write"];
    if (kind === "socket" || kind === "target") return ["net", "read", "write"];
    return kind === "env" ? [`env=${[...new Set(named)].join(",")}`] : ["run"];
  }));
  const { command } = config.tasks.compile;
  const flags = command.split(" ").filter((word) => word.startsWith("--allow-") || /^-[A-Z]/.test(word));
  assertEquals(flags.sort(), [...kinds].map((kind) => `--allow-${kind}`).sort());
});

Deno.test("the version is the same wherever it is written", () => {
  assertEquals(jsr.version, config.version);
});
