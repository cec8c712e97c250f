import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { isJsonObject, type Json, JsonError, parseJsonWithDuplicates } from "./json_with_duplicates.ts";

fc.configureGlobal({ seed: 19 });

/** As `JSON.parse` would have it. */
function plain(json: Json): unknown {
  if (Array.isArray(json)) return json.map(plain);
  if (isJsonObject(json)) return Object.fromEntries(json.members.map(([key, value]) => [key, plain(value)]));
  return json;
}

Deno.test("parseJsonWithDuplicates() keeps repeated keys in order", () => {
  assertEquals(parseJsonWithDuplicates('{"a": 1, "b": [], "a": {"a": null}}'), {
    members: [["a", 1], ["b", []], ["a", { members: [["a", null]] }]],
  });
});

Deno.test("parseJsonWithDuplicates() gives what JSON.parse gives, for any JSON without repeated keys", () => {
  fc.assert(fc.property(fc.json(), (text) => {
    const expected = JSON.parse(text);
    if (text.includes("__proto__")) return;
    assertEquals(plain(parseJsonWithDuplicates(text)), expected);
  }));
});

Deno.test("parseJsonWithDuplicates() accepts a text only if JSON.parse does", () => {
  const pieces = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"',
    "\\",
    "1",
    "-",
    "1.5e3",
    "01",
    "true",
    "nul",
    " ",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
      const text = parts.join("");
      let expected = true;
      try {
        JSON.parse(text);
      } catch {
        expected = false;
      }
      let found = true;
      try {
        parseJsonWithDuplicates(text);
      } catch (error) {
        if (!(error instanceof JsonError)) throw error;
        found = false;
      }
      assertEquals(found, expected, text);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("parseJsonWithDuplicates() says where the text is wrong", () => {
  for (
    const [text, position, problem] of [
      ['{"a": 1,}', 8, "a key is missing"],
      ['{"a" 1}', 5, "a colon is missing"],
      ['["a', 1, "a string does not end"],
      ['["a\\"', 1, "a string does not end"],
      ["[1 2]", 3, "a comma or ] is missing"],
      ["[1] 2", 4, "text goes on after the value"],
      ["", 0, "no JSON value"],
      ['["\n"]', 1, "no JSON value"],
    ] as const
  ) {
    const error = assertThrows(() => parseJsonWithDuplicates(text), JsonError, problem);
    assertEquals(error.position, position, text);
  }
});

Deno.test("parseJsonWithDuplicates() refuses a text that is nested too deep, without running out of stack", () => {
  const error = assertThrows(() => parseJsonWithDuplicates("[".repeat(1_000_000)), JsonError, "more than 300 levels");
  assertEquals(error.position, 300);
});

Deno.test("parseJsonWithDuplicates() takes 300 levels of objects, of arrays and of both, and no more", () => {
  const kinds = [["[", "1", "]"], ['{"a":', "1", "}"], ['{"a":[', "1", "]}"]] as const;
  for (const [open, inside, close] of kinds) {
    const levels = open.includes(":[") ? 150 : 300;
    const nested = (count: number): string => open.repeat(count) + inside + close.repeat(count);
    assertEquals(JSON.stringify(plain(parseJsonWithDuplicates(nested(levels)))), nested(levels));
    assertThrows(() => parseJsonWithDuplicates(nested(levels + 1)), JsonError, "more than 300 levels");
  }
});

Deno.test("parseJsonWithDuplicates() ends a string at a quote behind an even number of backslashes", () => {
  for (const pairs of [0, 1, 2, 3]) {
    const even = `["${"\\\\".repeat(pairs)}","b"]`;
    assertEquals(parseJsonWithDuplicates(even), JSON.parse(even));
    const odd = `["${"\\\\".repeat(pairs)}\\"","b"]`;
    assertEquals(parseJsonWithDuplicates(odd), JSON.parse(odd));
  }
});
