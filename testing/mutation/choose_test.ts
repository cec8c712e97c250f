import { assertEquals, assertNotEquals } from "@std/assert";
import { chooseMutants, type Module } from "./choose.ts";
import { parses } from "./find_places.ts";

const MODULES: readonly Module[] = [
  ["a.ts", "export const a = (b: number): boolean => b < 4 && b > 2;\n"],
  ["c.ts", "export function c(d: number): number {\n  return d + 1;\n}\n"],
];

Deno.test("chooseMutants() chooses the same for the same seed, and others for another", () => {
  assertEquals(chooseMutants(MODULES, 1, 5), chooseMutants(MODULES, 1, 5));
  assertNotEquals(chooseMutants(MODULES, 1, 5), chooseMutants(MODULES, 2, 5));
});

Deno.test("chooseMutants() chooses no place twice, and all if there are not more", () => {
  const mutants = chooseMutants(MODULES, 3, 100);
  assertEquals(mutants.length, 7);
  assertEquals(new Set(mutants.map(({ file, line, column }) => `${file}:${line}:${column}`)).size, 7);
});

Deno.test("chooseMutants() says what is changed in which line, and gives the changed module", () => {
  const [mutant] = chooseMutants(MODULES.slice(1), 1, 100).filter(({ operator }) => operator === "arithmetic");
  assertEquals(mutant, {
    file: "c.ts",
    line: 2,
    column: 12,
    operator: "arithmetic",
    code: "return d + 1;",
    original: "d + 1",
    shown: "d - 1",
    text: "export function c(d: number): number {\n  return ((d) - (1));\n}\n",
  });
  assertEquals(chooseMutants(MODULES, 4, 100).every(({ text }) => parses(text)), true);
});
