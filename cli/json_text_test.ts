import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { jsonText } from "./json_text.ts";

Deno.test("jsonText() gives the same value as JSON.stringify(), and nothing that a terminal acts on", () => {
  fc.assert(fc.property(fc.jsonValue(), fc.nat({ max: 4 }), (value, indent) => {
    const text = jsonText(value, indent);
    assertEquals(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    assertEquals(/[\p{C}\p{Zl}\p{Zp}]/u.test(text.replaceAll("\n", "")), false);
  }));
});

Deno.test("jsonText() escapes in units of UTF-16, also above the basic plane", () => {
  assertEquals(jsonText("\u{e0041}\x9b\ud800"), '"\\udb40\\udc41\\u009b\\ud800"');
  assertEquals(jsonText({ a: [1] }, 2), '{\n  "a": [\n    1\n  ]\n}');
});
