/**
 * HTML that cannot be broken out of: whatever is put into a template is text, unless it is HTML that another template
 * made.
 *
 * @module
 */

import { printable } from "../printable.ts";

/** A piece of HTML that is safe to put into a page. Only {@linkcode html} and {@linkcode trusted} make one. */
export class Html {
  readonly #text: string;

  /** Takes `text` for HTML; what comes from a capture must not be in it. */
  constructor(text: string) {
    this.#text = text;
  }

  /** The HTML itself. */
  toString(): string {
    return this.#text;
  }
}

/** What may stand in a template: text, numbers, HTML, lists of them; nothing where there is none. */
export type HtmlValue = string | number | Html | null | undefined | false | readonly HtmlValue[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Text as HTML, for between tags and for attributes in quotes. What is not printable is shown as in a terminal: text from
 * a capture could reorder or hide what stands beside it.
 *
 * @param text Any text.
 *
 * @example Usage
 * ```ts
 * import { escapeHtml } from "./html.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(escapeHtml(`<b title='x'>`), "&lt;b title=&#39;x&#39;&gt;");
 * ```
 */
export function escapeHtml(text: string): string {
  return printable(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/**
 * Makes HTML; values are escaped. They may stand between tags and in attributes within quotes, and nowhere else: not as
 * names, and not inside of `script` and `style`.
 *
 * @example Usage
 * ```ts
 * import { html } from "./html.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const rows = ["pc.ram", "<script>"].map((name) => html`<li>${name}</li>`);
 * assertEquals(String(html`<ul>${rows}</ul>`), "<ul><li>pc.ram</li><li>&lt;script&gt;</li></ul>");
 * ```
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = strings[0] ?? "";
  for (const [i, value] of values.entries()) text += rendered(value) + (strings[i + 1] ?? "");
  return new Html(text);
}

function rendered(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return "";
  if (value instanceof Html) return String(value);
  if (typeof value === "string") return escapeHtml(value);
  return typeof value === "number" ? String(value) : value.map(rendered).join("");
}

/** A constant of the program's own as HTML: never anything of a capture. */
export function trusted(text: string): Html {
  return new Html(text);
}

/**
 * Values for the page's script, as the contents of a `script` element of type `application/json`: nothing in it can end
 * the element.
 *
 * @param value What `JSON.stringify` takes.
 *
 * @example Usage
 * ```ts
 * import { jsonData } from "./html.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(String(jsonData("</script>")), '"\\u003c/script\\u003e"');
 * ```
 */
export function jsonData(value: unknown): Html {
  const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return new Html((JSON.stringify(value) ?? "null").replace(/[<>&\u2028\u2029]/g, escape));
}
