/** What is wrong with a page of `report`, as a browser would take it apart. @module */

import { type DefaultTreeAdapterTypes, parse } from "parse5";
import { PAGE_SCRIPT } from "../../../cli/report/page_script.ts";
import { STYLE_SHEET } from "../../../cli/report/style_sheet.ts";
import { InvariantError } from "../guided/target.ts";
import { noControls } from "./shown.ts";

type Node = DefaultTreeAdapterTypes.Node;
type Element = DefaultTreeAdapterTypes.Element;

/** All elements that pages are made of, and no others: text that became one is most likely another. */
const ELEMENTS = new Set(
  ("html head meta title style body svg defs pattern rect header p h1 strong span dl div dt dd data main section h2 ul li " +
    "button figure figcaption h3 path line text g table thead tbody tr th td ol caption code footer script").split(" "),
);

/** All attributes of these. */
const ATTRIBUTES = new Set(
  ("lang charset http-equiv content name class width height aria-hidden id patternUnits y x x1 x2 y1 y2 data-fact value " +
    "aria-labelledby hidden type data-do data-view tabindex role aria-label title aria-live viewBox preserveAspectRatio d " +
    "data-at data-to data-text text-anchor scope").split(" "),
);

/** What has a number, or several. */
const NUMBERS = /^(?:x|y|x1|x2|y1|y2|width|height|viewBox|d|data-at|data-to|data-text)$/;

/** Numbers as SVG takes them, in paths too. */
const NUMERIC = /^(?:[MLHVZhvzlm, %]|-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)*$/;

/** Lines that the formatter of templates leaves. */
const LINE_ENDS = /[\n\t]/g;

/** Throws if a page could do anything but be looked at, or would look broken. */
export function pageFaults(text: string): void {
  if (new TextEncoder().encode(text).length > 1_000_000) throw new InvariantError("the page is too large");
  const document = parse(text, {
    onParseError: ({ code, startLine }) => {
      throw new InvariantError(`it is no HTML: ${code} in line ${startLine}`);
    },
  });
  let scripts = 0;
  const visit = (node: Node): void => {
    if (node.nodeName === "#comment") throw new InvariantError("there is a comment");
    if ("tagName" in node) {
      checkElement(node);
      if (node.tagName === "script" && attribute(node, "type") === undefined) scripts++;
      if (node.tagName === "script" || node.tagName === "style") return;
    } else if ("value" in node) noControls(node.value.replace(LINE_ENDS, " "));
    if ("childNodes" in node) node.childNodes.forEach(visit);
  };
  visit(document);
  if (scripts !== 1) throw new InvariantError(`there are ${scripts} scripts`);
}

function checkElement(element: Element): void {
  const { tagName, attrs } = element;
  if (!ELEMENTS.has(tagName)) throw new InvariantError(`there is an element ${tagName}`);
  for (const { name, value } of attrs) {
    if (!ATTRIBUTES.has(name)) throw new InvariantError(`${tagName} has an attribute ${name}`);
    noControls(value);
    if (!NUMBERS.test(name)) continue;
    const isSize = name === "width" || name === "height";
    if (!NUMERIC.test(value) || (isSize && value.startsWith("-"))) {
      throw new InvariantError(`${name} of ${tagName} is ${value.slice(0, 200)}`);
    }
  }
  if (tagName === "style" && textOf(element) !== STYLE_SHEET) throw new InvariantError("the style is another");
  if (tagName === "script") checkScript(element);
}

/** The page's own, or data. */
function checkScript(element: Element): void {
  const text = textOf(element);
  if (attribute(element, "type") === undefined) {
    if (text !== PAGE_SCRIPT) throw new InvariantError("the script is another");
    return;
  }
  if (attribute(element, "type") !== "application/json") throw new InvariantError("a script is neither");
  const { axis, rows } = JSON.parse(text) as {
    readonly axis: { readonly [name: string]: unknown };
    readonly rows: readonly { readonly label: string; readonly values: readonly { readonly list: unknown[] }[] }[];
  };
  for (const name of ["start", "width", "bins"]) {
    // What is not finite is null in JSON.
    if (typeof axis[name] !== "number") throw new InvariantError(`${name} of an axis is ${axis[name]}`);
  }
  for (const { label, values } of rows) {
    noControls(label);
    for (const { list } of values) {
      if (list.length !== axis["bins"] || !list.every((value) => typeof value === "number" && value >= 0)) {
        throw new InvariantError(`values of ${label} are ${JSON.stringify(list).slice(0, 200)}`);
      }
    }
  }
}

function attribute({ attrs }: Element, name: string): string | undefined {
  return attrs.find((attr) => attr.name === name)?.value;
}

function textOf(node: Node): string {
  if ("value" in node) return node.value;
  return "childNodes" in node ? node.childNodes.map(textOf).join("") : "";
}
