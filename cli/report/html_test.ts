import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type DefaultTreeAdapterTypes, parse, parseFragment } from "parse5";
import { printable } from "../printable.ts";
import { escapeHtml, Html, html, jsonData, trusted } from "./html.ts";

type Node = DefaultTreeAdapterTypes.ChildNode;

/** Text that is likely to break out. */
const texts = fc.array(
  fc.oneof(
    fc.constantFrom(
      "<",
      ">",
      '"',
      "'",
      "&",
      "&amp;",
      "&#60;",
      "</script>",
      "<script>",
      "<!--",
      "-->",
      "]]>",
      "\0",
      "\u202e",
    ),
    fc.string({ unit: "binary" }),
  ),
).map((parts) => parts.join(""));

Deno.test("html shows any text between tags and in attributes as what a terminal shows, and makes nothing else of it", () => {
  fc.assert(fc.property(texts, (text) => {
    const { childNodes } = parseFragment(String(html`<p title="${text}">${text}</p>`));
    const [element, ...others] = childNodes as Node[];
    if (element?.nodeName !== "p" || !("attrs" in element)) throw new Error("no element");
    assertEquals(others, []);
    // The parser lets the first character of a line feed be; there is none.
    assertEquals(element.attrs, [{ name: "title", value: printable(text) }]);
    const shown = element.childNodes.map((node) => "value" in node ? node.value : `<${node.nodeName}>`);
    assertEquals(shown.join(""), printable(text));
  }));
});

Deno.test("jsonData() is any value again, and never ends its element", () => {
  fc.assert(fc.property(fc.jsonValue(), texts, (value, text) => {
    const data = { value, text };
    const page = parse(`<script type="application/json">${jsonData(data)}</script>`);
    const html = page.childNodes.find((node) => node.nodeName === "html");
    const head = html !== undefined && "childNodes" in html ? html.childNodes[0] : undefined;
    const [script, ...others] = head !== undefined && "childNodes" in head ? head.childNodes : [];
    assertEquals(others, []);
    const [content] = script !== undefined && "childNodes" in script ? script.childNodes : [];
    const found = content !== undefined && "value" in content ? content.value : "";
    assertEquals(JSON.parse(found), JSON.parse(JSON.stringify(data)));
  }));
  assertEquals(String(jsonData(undefined)), "null");
});

Deno.test("html takes numbers, lists, other HTML, and leaves out what is not there", () => {
  const none: readonly (string | null | undefined | false)[] = [null, undefined, false, ""];
  assertEquals(String(html`<b>${1}${[html`<i>${"<"}</i>`, "&"]}${none}</b>`), "<b>1<i>&lt;</i>&amp;</b>");
  assertEquals(String(html`${trusted("<hr>")}`), "<hr>");
  assertEquals(escapeHtml("a\u202eb\x1b"), "a\\u{202e}b\\x1b");
  assertEquals(new Html("x").toString(), "x");
});
