import type { Edit, EditAction, FieldEdit } from "./edit.ts";
import { EditError } from "./edit_error.ts";
import { readNumber, readRange } from "./numbers.ts";
import { isSelectorKey, type Selector, SELECTOR_KEYS, selectorOf } from "./selector.ts";
import { type Word, wordsOf } from "./words.ts";

/** Actions that are written as edits of their own. `shuffle` is a word of `reorder`, too. */
export const EDIT_ACTIONS = [
  "set",
  "drop",
  "duplicate",
  "reorder",
  "shuffle",
  "renumber",
  "truncate",
  "corrupt",
] as const satisfies readonly EditAction[];

/** Copies of one record at most. */
const TIMES_LIMIT = 10_000;

/** How {@linkcode parseEdit} reads. */
export interface ParseEditOptions {
  /** Gives the bytes of a file, for `@FILE`; without it there are none. */
  readonly readFile?: (path: string) => Uint8Array;
}

/**
 * Reads an edit as `migwire edit` takes it: which records, and what becomes of them, separated by commas.
 *
 * - `set`: `SELECTOR,field=value`, several fields if need be; a dot before a field's name tells it from the selector.
 * - `drop`, `shuffle`, `renumber`: `SELECTOR`.
 * - `duplicate`: `SELECTOR`, and `times=N`, how often in all.
 * - `reorder`: `SELECTOR before SELECTOR`, `SELECTOR after SELECTOR`, `SELECTOR shuffle`. What the second selector does
 *   not say of channel, device, section, instance and kind is as in the first.
 * - `truncate`: `channel=CHANNEL,at=OFFSET`, from the end if negative; or `SELECTOR`, and `within=N`.
 * - `corrupt`: `SELECTOR`, `bits=N`, `bytes=FROM..TO`.
 *
 * A selector is made of `channel`, `device`, `section`, `instance`, `kind`, `index`, `offset` and `nth`.
 *
 * @param action What the edit does.
 * @param text The rest.
 * @throws {EditError} `syntax`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseEdit } from "@migwire/migwire/edit";
 *
 * assertEquals(parseEdit("set", "device=0000:00:05.0/vfio,index=1,nextPacketSize=5"), {
 *   action: "set",
 *   select: { device: "0000:00:05.0/vfio", index: { from: 1, to: 1 } },
 *   fields: [{ field: "nextPacketSize", value: "5" }],
 * });
 * ```
 */
export function parseEdit(action: EditAction, text: string, options: ParseEditOptions = {}): Edit {
  switch (action) {
    case "set":
      return parseSet(text, options);
    case "reorder":
      return parseReorder(text);
    case "truncate":
      return parseTruncate(text);
    case "corrupt": {
      const { select, rest } = split(text, ["bits", "bytes"]);
      const [bits, bytes] = [rest.get("bits"), rest.get("bytes")];
      return {
        action,
        select,
        ...(bits === undefined ? {} : { bits: positive("bits", bits, Number.MAX_SAFE_INTEGER) }),
        ...(bytes === undefined ? {} : { bytes: readRange("bytes", bytes) }),
      };
    }
    case "duplicate": {
      const { select, rest } = split(text, ["times"]);
      const times = rest.get("times");
      return { action, select, ...(times === undefined ? {} : { times: positive("times", times, TIMES_LIMIT) }) };
    }
    default:
      return { action, select: split(text, []).select };
  }
}

function positive(key: string, text: string, most: number): number {
  const number = readNumber(key, text);
  if (number >= 1 && number <= most) return number;
  throw new EditError("syntax", `Cannot use ${key}=${text}: 1 to ${most} can be had`);
}

function parseSet(text: string, { readFile }: ParseEditOptions): Edit {
  const words = wordsOf(text);
  const first = words.findIndex(({ key }) => !isSelectorKey(key));
  const [selecting, setting] = first < 0 ? [words, []] : [words.slice(0, first), words.slice(first)];
  if (setting.length === 0) {
    throw new EditError("syntax", `Cannot read ${JSON.stringify(text)}: no field is set`, "add field=value");
  }
  const fields = setting.map(({ key, value }): FieldEdit => {
    if (key === "") throw new EditError("syntax", `Cannot read ${JSON.stringify(value)}: it is no field=value`);
    if (!value.startsWith("@")) return { field: key.replace(/^\./, ""), value };
    if (readFile === undefined) {
      throw new EditError("syntax", `Cannot take ${value} for ${key}: no file can be read here`);
    }
    return { field: key.replace(/^\./, ""), value: readFile(value.slice(1)) };
  });
  return { action: "set", select: nonEmpty(selectorOf(selecting), text), fields };
}

/** What the second selector takes over from the first. */
const INHERITED = ["channel", "device", "section", "instance", "kind"] as const;

function parseReorder(text: string): Edit {
  const shuffle = /^(.*?)[\s,]+shuffle$/s.exec(text);
  if (shuffle?.[1] !== undefined) return { action: "shuffle", select: split(shuffle[1], []).select };
  const [, from, place, to] = /^(.+?)\s+(before|after)\s+(.+)$/s.exec(text) ?? [];
  if (from === undefined || place === undefined || to === undefined) {
    throw new EditError(
      "syntax",
      `Cannot read the order ${JSON.stringify(text)}`,
      "write SELECTOR before SELECTOR, SELECTOR after SELECTOR, or SELECTOR shuffle",
    );
  }
  const select = split(from, []).select;
  const own = split(to, []).select;
  const elsewhere = own.device !== undefined || own.section !== undefined;
  const inherited = INHERITED.flatMap((key) => {
    const other = elsewhere && (key === "device" || key === "section" || key === "instance");
    return select[key] === undefined || other ? [] : [[key, select[key]]];
  });
  const anchor: Selector = { ...Object.fromEntries(inherited), ...own };
  return { action: "reorder", select, place: place === "before" ? "before" : "after", anchor };
}

function parseTruncate(text: string): Edit {
  const { select, rest } = split(text, ["at", "within"]);
  const [at, within] = [rest.get("at"), rest.get("within")];
  const alone = Object.keys(select).length === 1 && select.channel !== undefined;
  if (at === undefined && alone) {
    throw new EditError("syntax", `Cannot truncate ${text}: where is missing`, "add at=OFFSET, or a record");
  }
  if (at !== undefined && (!alone || within !== undefined)) {
    throw new EditError("syntax", `Cannot use at=${at} with more than a channel`, "within=N counts from the record");
  }
  const sign = at?.startsWith("-") ? -1 : 1;
  return {
    action: "truncate",
    select,
    ...(at === undefined ? {} : { at: sign * readNumber("at", at.replace(/^-/, "")) }),
    ...(within === undefined ? {} : { within: readNumber("within", within) }),
  };
}

/** The selector of a text, and those of its words that are `others`. */
function split(text: string, others: readonly string[]): { select: Selector; rest: ReadonlyMap<string, string> } {
  const rest = new Map<string, string>();
  const selecting: Word[] = [];
  for (const word of wordsOf(text)) {
    if (!others.includes(word.key)) selecting.push(word);
    else if (rest.has(word.key)) throw new EditError("syntax", `Cannot use ${word.key} twice`);
    else rest.set(word.key, word.value);
  }
  for (const { key, value } of selecting) {
    if (isSelectorKey(key)) continue;
    const known = [...SELECTOR_KEYS, ...others];
    const typed = key === "" ? value : key;
    const message = `Cannot use ${JSON.stringify(typed)} here`;
    throw new EditError("syntax", message, `there are ${known.join(", ")}`, { misnomer: { typed, known } });
  }
  return { select: nonEmpty(selectorOf(selecting), text), rest };
}

/** An edit of everything is a slip of the pen; who wants it writes `kind=*`. */
function nonEmpty(selector: Selector, text: string): Selector {
  if (Object.keys(selector).length > 0) return selector;
  throw new EditError(
    "syntax",
    `Cannot read the edit ${JSON.stringify(text)}: it says of no record`,
    `select by ${SELECTOR_KEYS.join(", ")}`,
  );
}
