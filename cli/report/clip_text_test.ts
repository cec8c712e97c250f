import { assertEquals } from "@std/assert";
import { clipText } from "./clip_text.ts";

Deno.test("clipText() leaves short text as it is, and never cuts a character in two", () => {
  assertEquals(clipText("abc", 3), "abc");
  assertEquals(clipText("abcd", 3), "ab…");
  assertEquals(clipText("a😀bc", 3), "a…");
});
