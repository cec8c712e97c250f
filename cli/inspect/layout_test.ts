import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { unicodeWidth } from "@std/cli/unicode-width";
import { clip, firstFew, hangingTable, labelled, wrap } from "./layout.ts";

Deno.test("wrap() breaks at spaces, and inside of what is too long", () => {
  assertEquals(wrap("one two three", 7), ["one two", "three"]);
  assertEquals(wrap("a verylongword b", 6), ["a", "verylo", "ngword", "b"]);
  assertEquals(wrap("", 5), [""]);
  assertEquals(wrap("很长的", 4), ["很长", "的"]);
});

Deno.test("wrap() loses nothing but spaces, and no line is too wide", () => {
  const text = fc.array(fc.stringMatching(/^[a-z很]{1,12}$/), { minLength: 1 }).map((words) => words.join(" "));
  fc.assert(fc.property(text, fc.integer({ min: 2, max: 20 }), (words, width) => {
    const lines = wrap(words, width);
    assertEquals(lines.join("").replaceAll(" ", ""), words.replaceAll(" ", ""));
    for (const line of lines) assertEquals(unicodeWidth(line) <= width, true, line);
  }));
});

Deno.test("clip() says that something is left out", () => {
  assertEquals([clip("short", 5), clip("longer", 5), clip("很长的", 5)], ["short", "long…", "很长…"]);
});

Deno.test("hangingTable() wraps its last column under itself", () => {
  const words = "word ".repeat(30).trim();
  const lines = hangingTable([{ title: "a" }, { title: "b", align: "right" }], "c", [["x", "1", words]], 2);
  assertEquals(lines[0], "  a  b  c");
  assertEquals(lines[1]?.startsWith("  x  1  word word"), true);
  assertEquals(lines[2]?.startsWith("        word"), true);
});

Deno.test("labelled() keeps the lines of a text", () => {
  assertEquals(labelled([["one", "a\nb"], ["three", "c"]], 1), [" one    a", "        b", " three  c"]);
});

Deno.test("firstFew() counts what it leaves out", () => {
  const list = Array.from({ length: 52 }, (_, i) => `${i}`);
  assertEquals(firstFew(list, (shown) => [...shown]).slice(49), ["49", "  ... and 2 more; --json has all"]);
  assertEquals(firstFew(["x"], (shown) => [...shown]), ["x"]);
});
