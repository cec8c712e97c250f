import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { printable, printableLines } from "./printable.ts";

Deno.test("printable() escapes what could drive a terminal", () => {
  const cases = [
    ["\x1b]0;title\x07", "\\x1b]0;title\\x07"],
    ["a\r\nb\tc", "a\\x0d\\x0ab\\x09c"],
    ["\x7f", "\\x7f"],
    ["\x9b2J", "\\x9b2J"],
    ["\u202eevil\u2066", "\\u{202e}evil\\u{2066}"],
    ["\u200b\ufeff", "\\u{200b}\\u{feff}"],
    ["\u2028\u2029", "\\u{2028}\\u{2029}"],
    ["\ud800", "\\u{d800}"],
    ["\u{e0041}", "\\u{e0041}"],
  ] as const;
  for (const [text, expected] of cases) assertEquals(printable(text), expected);
});

Deno.test("printable() leaves letters of all scripts, spaces and backslashes alone", () => {
  const text = "0000:00:04.0/vfio pc.ram ä 天地 \u{1f600} C:\\x";
  assertEquals(printable(text), text);
});

Deno.test("printable() changes nothing the second time, and leaves nothing unsafe", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const once = printable(text);
    assertEquals(printable(once), once);
    // deno-lint-ignore no-control-regex -- it is control characters that must be gone
    assert(!/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.test(once));
  }));
});

Deno.test("printableLines() keeps line feeds only", () => {
  assertEquals(printableLines("a\nb\r\n\x1bc"), "a\nb\\x0d\n\\x1bc");
});
