import { assertEquals } from "@std/assert";
import { hasCode, isSource, percentOf, readLcov, totalOf } from "./coverage.ts";

const LCOV = `SF:/p/src/a.ts
FNF:2
FNH:1
BRDA:1,1,0,-
BRF:4
BRH:3
DA:1,1
LH:8
LF:10
end_of_record
SF:/p/src/b.ts
FNF:0
FNH:0
LH:10
LF:10
end_of_record
`;

Deno.test("readLcov() gives what each file has, and what of it ran", () => {
  const files = readLcov(LCOV);
  assertEquals([...files.keys()], ["/p/src/a.ts", "/p/src/b.ts"]);
  assertEquals(files.get("/p/src/a.ts"), {
    lines: { found: 10, hit: 8 },
    branches: { found: 4, hit: 3 },
    functions: { found: 2, hit: 1 },
  });
  assertEquals(totalOf(files.values(), "lines"), { found: 20, hit: 18 });
});

Deno.test("percentOf() takes a file without any branch as covered", () => {
  assertEquals(percentOf({ found: 20, hit: 18 }), 90);
  assertEquals(percentOf({ found: 0, hit: 0 }), 100);
});

Deno.test("hasCode() tells a module of types alone from one that something runs of", () => {
  const types = `/** Words. @module */
import type { A } from "./a.ts";
export type { A };
/** A thing. */
export interface B {
  readonly a: A; // its a
}
export type C = B | A;
`;
  assertEquals(hasCode(types), false);
  assertEquals(hasCode(`${types}export const D = 1;\n`), true);
  assertEquals(hasCode(`export { D } from "./d.ts";\n`), true);
});

Deno.test("isSource() leaves out tests and what only tests use, and nothing else of migwire", () => {
  assertEquals(["mod.ts", "src/a/b.ts", "cli/main.ts"].filter(isSource).length, 3);
  assertEquals(["src/b_test.ts", "cli/files_for_test.ts", "testing/fuzz.ts", "src/a.md"].filter(isSource), []);
});
