import { assertEquals } from "@std/assert";
import { parseArgs } from "./parse_args.ts";
import { unicodeWidth } from "./unicode_width.ts";

Deno.test("parseArgs() types its result after the options", () => {
  const args = parseArgs(["--json", "--out=a", "--kind", "ram", "12", "--x=5"], {
    boolean: ["json"],
    string: ["out", "kind", "_"],
    collect: ["kind"],
  });
  const json: boolean = args.json;
  const out: string | undefined = args.out;
  const kinds: string[] = args.kind;
  const operands: string[] = args._;
  assertEquals([json, out, kinds, operands, args["x"]], [true, "a", ["ram"], ["12"], 5]);
});

Deno.test("parseArgs() takes names with dots as they are", () => {
  assertEquals(parseArgs(["--a.b=1"]), { _: [], "a.b": 1 });
});

Deno.test("parseArgs() sets nothing on the prototype", () => {
  assertEquals(parseArgs(["--__proto__=1", "--constructor=1"]), { _: [] });
});

Deno.test("unicodeWidth() counts cells", () => {
  const cases = [["", 0], ["ram", 3], ["天地", 4], ["e\u0301", 1], ["\u200b", 0], ["\u{1f600}", 2]] as const;
  for (const [text, cells] of cases) assertEquals(unicodeWidth(text), cells, text);
});
