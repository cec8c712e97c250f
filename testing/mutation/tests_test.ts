import { assertEquals } from "@std/assert";
import { hasExample, stagesFor } from "./tests.ts";

Deno.test("stagesFor() asks the nearest tests first, and the quick ones before the slow ones", () => {
  const times = new Map([
    ["src/stream/far_test.ts", 0.1],
    ["src/wire/near_test.ts", 0.3],
    ["src/wire/slow_test.ts", 1],
    ["src/wire/a_test.ts", 0.5],
    ["src/load/noticed_test.ts", 0.2],
    ["src/wire/codec/part_test.ts", 0.1],
  ]);
  const noticed = new Map([["src/wire/a.ts", new Set(["src/load/noticed_test.ts"])]]);
  assertEquals(stagesFor("src/wire/a.ts", times, noticed), [
    ["src/wire/a_test.ts", "src/load/noticed_test.ts", "src/wire/near_test.ts", "src/wire/slow_test.ts"],
    ["src/wire/codec/part_test.ts", "src/stream/far_test.ts"],
  ]);
});

Deno.test("stagesFor() puts all that takes long into the last group", () => {
  const times = new Map([["a_test.ts", 1], ["b_test.ts", 9], ["c_test.ts", 25], ["d_test.ts", 400], [
    "e_test.ts",
    500,
  ]]);
  assertEquals(stagesFor("x.ts", times, new Map()), [
    ["a_test.ts"],
    ["b_test.ts"],
    ["c_test.ts"],
    ["d_test.ts", "e_test.ts"],
  ]);
});

Deno.test("hasExample() finds code in a module's comments", () => {
  assertEquals(hasExample("/**\n * Reads.\n *\n * ```ts\n * read();\n * ```\n */\n"), true);
  assertEquals(hasExample("const fence = `\n```ts\n`;"), false);
});
