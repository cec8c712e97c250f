import { assertEquals, assertStringIncludes } from "@std/assert";
import type { CommandDefinition } from "./command.ts";
import { commandHelp, overviewHelp } from "./help.ts";
import { makeStyle, unstyled } from "./style.ts";

const DEFINITION: CommandDefinition = {
  name: "records",
  summary: "list the records of a channel",
  details: ["Every byte belongs to one record."],
  operands: [{ name: "CAPTURE" }, { name: "CHANNEL", optional: true, repeatable: true }],
  options: [
    { name: "json", short: "j", help: "print JSON" },
    { name: "kind", value: "KIND", help: "only these", choices: ["ram", "vfio"], repeatable: true },
  ],
  examples: [{ command: "migwire records dump.bin", does: "list all" }],
};

Deno.test("commandHelp() says all that the definition says", () => {
  assertEquals(
    commandHelp(DEFINITION, makeStyle(false)),
    `migwire records: list the records of a channel

Usage: migwire records [options] CAPTURE [CHANNEL...]

Details:
  Every byte belongs to one record.

Options:
  -j, --json       print JSON
      --kind KIND  only these: ram, vfio (may be repeated)
  -h, --help       show this help

Permissions of Deno, which an installed migwire gives by its arguments:
  --allow-read=CAPTURE
  --allow-run=xz,bzip2,lzop
      to unpack a capture, where it is installed

Examples:
  # list all
  migwire records dump.bin
`,
  );
});

Deno.test("commandHelp() leaves out parts without lines, and colours change no text", () => {
  const plain = commandHelp({ ...DEFINITION, details: [], examples: [] }, makeStyle(false));
  assertEquals(/Details|Examples/.test(plain), false);
  assertEquals(unstyled(commandHelp(DEFINITION, makeStyle(true))), commandHelp(DEFINITION, makeStyle(false)));
});

Deno.test("commandHelp() shows that a value may be left out", () => {
  const options = [{ name: "spawn", value: "COMMAND", valueOptional: true as const, help: "start it" }];
  assertStringIncludes(
    commandHelp({ ...DEFINITION, options }, makeStyle(false)),
    "      --spawn[=COMMAND]  start it\n",
  );
});

Deno.test("overviewHelp() lists commands and exit codes", () => {
  const help = overviewHelp([DEFINITION], makeStyle(false));
  assertStringIncludes(help, "  records  list the records of a channel\n");
  assertStringIncludes(help, "    2  the command line is at fault\n");
});
