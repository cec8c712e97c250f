import { assertEquals } from "@std/assert";
import type { Judged } from "./saved.ts";
import { describe, percentOf } from "./table.ts";

function judged(killed: boolean, changes: Partial<Judged> = {}): Judged {
  return {
    ...{ file: "src/wire/a.ts", line: 3, column: 5, operator: "comparison", code: "f(a < b);", original: "a < b" },
    ...{ shown: "a <= b", killed, seconds: 1 },
    ...changes,
  };
}

Deno.test("describe() counts by operator and by file, and names what survived", () => {
  const text = describe([
    judged(true, { by: "a test" }),
    judged(true, { operator: "shift", by: "limit: processor" }),
    judged(false, { file: "src/load/b.ts", original: "a\n  < b" }),
  ]);
  assertEquals(text.split("\n"), [
    "operator    killed  survived",
    "comparison       1         1",
    "shift            1         0",
    "",
    "file           killed  survived",
    "src/load/b.ts       0         1",
    "src/wire/a.ts       2         0",
    "",
    "survived: src/load/b.ts:3:5 comparison: a < b → a <= b",
    "",
    "2 of 3 killed, 66.7 %; 1 of these ran over a limit",
  ]);
});

Deno.test("percentOf() counts every mutant, and none as 0", () => {
  assertEquals([percentOf([]), percentOf([judged(true), judged(false)])], [0, 50]);
});
