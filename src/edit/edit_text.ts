import type { Edit } from "./edit.ts";
import { shown } from "./fields.ts";
import { selectorText } from "./selector.ts";

/** An edit as it is written. */
export function editText(edit: Edit): string {
  const selector = selectorText(edit.select);
  switch (edit.action) {
    case "set":
      return `set ${[selector, ...edit.fields.map(({ field, value }) => `${field}=${plain(value)}`)].join(",")}`;
    case "duplicate":
      return `duplicate ${selector}${option("times", edit.times)}`;
    case "reorder":
      return `reorder ${selector} ${edit.place} ${selectorText(edit.anchor)}`;
    case "truncate":
      return `truncate ${selector}${option("at", edit.at)}${option("within", edit.within)}`;
    case "corrupt": {
      const { from, to } = edit.bytes ?? {};
      return `corrupt ${selector}${option("bits", edit.bits)}${
        option("bytes", from === undefined ? from : `${from}..${to}`)
      }`;
    }
    default:
      return `${edit.action} ${selector}`;
  }
}

function option(name: string, value: number | string | undefined): string {
  return value === undefined ? "" : `,${name}=${value}`;
}

function plain(value: string | Uint8Array): string {
  return typeof value === "string" ? value : shown(value);
}
