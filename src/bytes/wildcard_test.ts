import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { matchesWildcard } from "./wildcard.ts";

Deno.test("matchesWildcard() takes * for any letters, none among them", () => {
  const matching = (pattern: string): string[] =>
    ["", "a", "ab", "aba", "a\nb"].filter((text) => matchesWildcard(pattern, text));
  assertEquals(matching("a"), ["a"]);
  assertEquals(matching("*"), ["", "a", "ab", "aba", "a\nb"]);
  assertEquals(matching("a*b"), ["ab", "a\nb"]);
  assertEquals(matching("a*a"), ["aba"]);
  assertEquals(matching("*b*"), ["ab", "aba", "a\nb"]);
  assertEquals(matching("a**"), ["a", "ab", "aba", "a\nb"]);
  assertEquals(matching("ab*b"), []);
});

Deno.test("matchesWildcard() is as the regular expression is", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
  const patterns = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 6 });
  fc.assert(fc.property(patterns, letters, (pattern, text) => {
    assertEquals(matchesWildcard(pattern, text), new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(text));
  }));
});

Deno.test("matchesWildcard() of many * ends", () => {
  assertEquals(matchesWildcard("*a".repeat(60) + "b", "a".repeat(250)), false);
});
