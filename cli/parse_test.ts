import { assertEquals, assertThrows } from "@std/assert";
import type { CommandDefinition } from "./command.ts";
import { UsageError } from "./exit.ts";
import { parseCommand } from "./parse.ts";

const DEFINITION: CommandDefinition = {
  name: "records",
  summary: "list the records of a channel",
  operands: [{ name: "CAPTURE" }, { name: "CHANNEL", optional: true }],
  options: [
    { name: "json", short: "j", help: "print JSON" },
    { name: "verbose", short: "v", help: "print more" },
    { name: "limit", short: "l", value: "SIZE", help: "stop there" },
    { name: "from", value: "OFFSET", help: "begin there" },
    { name: "count", value: "COUNT", help: "print so many" },
    { name: "out", short: "o", value: "FILE", help: "write there" },
    { name: "kind", value: "KIND", help: "only these", choices: ["ram", "vfio"], repeatable: true },
  ],
  examples: [],
};

const parse = (...argv: string[]) => parseCommand(DEFINITION, argv);

Deno.test("parseCommand() gives what is not there as absent", () => {
  const args = parse("dump");
  assertEquals(args.operands, ["dump"]);
  assertEquals(args.flag("json"), false);
  assertEquals(args.text("out"), undefined);
  assertEquals(args.number("limit"), undefined);
  assertEquals(args.texts("kind"), []);
});

Deno.test("parseCommand() takes every spelling of an option", () => {
  for (const argv of [["--limit", "1K"], ["--limit=1K"], ["-l", "1K"], ["-l=1K"], ["-l1024"]]) {
    assertEquals(parse("dump", ...argv).number("limit"), 1024, argv.join(" "));
  }
  const args = parse("-jv", "dump", "--from=0x10", "--count=3");
  assertEquals([args.flag("json"), args.flag("verbose")], [true, true]);
  assertEquals([args.number("from"), args.number("count")], [16, 3]);
});

Deno.test("parseCommand() keeps all values of a repeatable option", () => {
  assertEquals(parse("dump", "--kind=ram", "--kind", "vfio").texts("kind"), ["ram", "vfio"]);
});

Deno.test("parseCommand() takes a dash as operand and as value", () => {
  assertEquals(parse("-").operands, ["-"]);
  const args = parse("--out", "-", "-");
  assertEquals([args.text("out"), args.operands], ["-", ["-"]]);
  assertEquals(parse("-o", "-", "dump").text("out"), "-");
});

Deno.test("parseCommand() leaves operands as they are, and all after -- alone", () => {
  assertEquals(parse("007").operands, ["007"]);
  assertEquals(parse("--", "--json", "--out").operands, ["--json", "--out"]);
});

Deno.test("parseCommand() refuses what the definition does not have", () => {
  const cases: [string[], string][] = [
    [["dump", "--jsn"], "Cannot use --jsn: there is no such option. Did you mean --json?"],
    [["dump", "--lim=3"], "Cannot use --lim: there is no such option. Did you mean --limit?"],
    [["dump", "--xyzzy"], "Cannot use --xyzzy: there is no such option"],
    [["dump", "-jx"], "Cannot use -x: there is no such option"],
    [["dump", "--no-json"], "Cannot use --no-json: there is no such option"],
    [["dump", "--__proto__=1"], "Cannot use --__proto__: there is no such option"],
    [["dump", "--json=no"], "Cannot use --json=no: --json takes no value"],
    [["dump", "--out"], "Cannot use --out: it needs a value, FILE"],
    [["dump", "--out", "--json"], "Cannot use --out: it needs a value, FILE"],
    [["dump", "-o"], "Cannot use --out: it needs a value, FILE"],
    [["dump", "--out=a", "--out=b"], "Cannot use --out more than once"],
    [["dump", "--limit=64MB"], 'Cannot use --limit. Cannot read the size "64MB"'],
    [["dump", "--from=1K"], 'Cannot use --from. Cannot read the offset "1K"'],
    [["dump", "--count=1.5"], 'Cannot use --count. Cannot read the number "1.5"'],
    [["dump", "--kind=vfo"], 'Cannot use "vfo" for --kind: did you mean vfio?'],
    [["dump", "--kind=disk"], 'Cannot use "disk" for --kind: it is one of ram, vfio'],
    [[], "Cannot run records: CAPTURE is missing"],
    [["dump", "main", "x"], 'Cannot run records: "x" is one argument too many'],
  ];
  for (const [argv, message] of cases) assertThrows(() => parse(...argv), UsageError, message);
});

Deno.test("parseCommand() checks nothing else when help is asked for", () => {
  assertEquals(parse("--help", "--jsn").flag("help"), true);
  assertEquals(parse("-h").flag("help"), true);
});

Deno.test("parseCommand() takes a repeatable operand any number of times", () => {
  const operands = [{ name: "CAPTURE", repeatable: true }];
  const definition = { ...DEFINITION, operands };
  assertEquals(parseCommand(definition, ["a", "b", "c"]).operands, ["a", "b", "c"]);
  assertThrows(() => parseCommand(definition, []), UsageError, "CAPTURE is missing");
});

const REPLAY: CommandDefinition = {
  name: "replay",
  summary: "send it again",
  operands: [{ name: "CAPTURE" }],
  options: [
    { name: "json", short: "j", help: "print JSON" },
    { name: "spawn", short: "s", value: "COMMAND", valueOptional: true, help: "start the target" },
    { name: "to", value: "ADDR", help: "send there" },
  ],
  examples: [],
};

Deno.test("parseCommand() takes an option whose value may be left out with and without it", () => {
  const cases: [string, { operands: string[]; spawn: string | undefined; to?: string }][] = [
    ["dump", { operands: ["dump"], spawn: undefined }],
    ["dump --spawn", { operands: ["dump"], spawn: "" }],
    ["dump -s", { operands: ["dump"], spawn: "" }],
    ["dump --spawn=qemu", { operands: ["dump"], spawn: "qemu" }],
    ["dump --spawn qemu", { operands: ["dump"], spawn: "qemu" }],
    ["--spawn qemu dump", { operands: ["dump"], spawn: "qemu" }],
    ["-s qemu dump", { operands: ["dump"], spawn: "qemu" }],
    ["dump --spawn --to=x", { operands: ["dump"], spawn: "", to: "x" }],
    ["--spawn --to x dump", { operands: ["dump"], spawn: "", to: "x" }],
    ["dump --spawn -j", { operands: ["dump"], spawn: "" }],
    // The only word that is left is the operand.
    ["--spawn dump", { operands: ["dump"], spawn: "" }],
    ["-s dump", { operands: ["dump"], spawn: "" }],
    ["--spawn dump --to x", { operands: ["dump"], spawn: "", to: "x" }],
    ["--to x --spawn dump -j", { operands: ["dump"], spawn: "", to: "x" }],
    ["--spawn -", { operands: ["-"], spawn: "" }],
    ["--spawn - dump", { operands: ["dump"], spawn: "-" }],
    ["--spawn -- dump", { operands: ["dump"], spawn: "" }],
    ["--spawn -- --spawn", { operands: ["--spawn"], spawn: "" }],
  ];
  for (const [words, { operands, spawn, to }] of cases) {
    const args = parseCommand(REPLAY, words.split(" "));
    assertEquals([args.operands, args.text("spawn"), args.text("to")], [operands, spawn, to], words);
  }
});

Deno.test("parseCommand() refuses what is wrong with an option whose value may be left out", () => {
  const cases: [string, string][] = [
    ["--spawn", "Cannot run replay: CAPTURE is missing"],
    ["--spawn=qemu", "Cannot run replay: CAPTURE is missing"],
    ["dump --spawn=", "Cannot use --spawn=: write --spawn, or --spawn=COMMAND"],
    ["dump --spwan", "Cannot use --spwan: there is no such option. Did you mean --spawn?"],
    ["--spawn dump --spwan", "Cannot use --spwan: there is no such option. Did you mean --spawn?"],
    ["dump --spawn --spawn", "Cannot use --spawn more than once"],
    ["dump --spawn a b", '"b" is one argument too many'],
    ["dump --to --spawn", "Cannot use --to: it needs a value, ADDR"],
  ];
  for (const [words, message] of cases) {
    assertThrows(() => parseCommand(REPLAY, words.split(" ")), UsageError, message);
  }
  assertEquals(parseCommand(REPLAY, ["--spawn", "--help"]).flag("help"), true);
});

Deno.test("ParsedArgs refuses names and kinds that are not declared", () => {
  const args = parse("dump");
  assertThrows(() => args.flag("jsn"), TypeError, "declares no such flag");
  assertThrows(() => args.flag("out"), TypeError, "declares no such flag");
  assertThrows(() => args.text("json"), TypeError, "declares no such option with a value");
  assertThrows(() => args.number("out"), TypeError, "its value is a FILE");
});
