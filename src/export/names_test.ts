import { assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { migrationNames, plainName } from "./mod.ts";

Deno.test("names of migrations are safe for folders and query engines, and all different, whatever the captures are called", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.string(), { maxLength: 30 }), (paths) => {
    const names = migrationNames(paths, () => undefined);
    assertEquals(new Set(names.map((name) => name.toLowerCase())).size, paths.length);
    for (const name of names) assertMatch(name, /^[A-Za-z][A-Za-z0-9._-]*$/);
  }));
});

Deno.test("the name of an earlier run stays with its capture", () => {
  const owner = (name: string): string | undefined => name === "x" ? "/b/x" : undefined;
  const [first, second] = migrationNames(["/a/x", "/b/x"], owner);
  assertMatch(first ?? "", /^x-[0-9a-f]{12}$/);
  assertEquals(second, "x");
  assertEquals(plainName("/a/2026-11-25/"), "m-2026-11-25");
});
