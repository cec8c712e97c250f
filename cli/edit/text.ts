import type { EditChange, EditedChannel, EditReport, EditValue } from "../../src/public/edit.ts";
import { clip } from "../inspect/layout.ts";
import { count } from "../inspect/words.ts";
import type { Style } from "../style.ts";
import { formatTable } from "../table.ts";
import { formatBytes, formatHex, printable } from "../terminal.ts";

/** Changes that are listed; the JSON has more. */
const LINES = 1000;

/** Columns of a value. */
const VALUE_WIDTH = 48;

/**
 * What edits did, for people: a line a change, what was made right after it further in.
 *
 * @param report What they did.
 * @param style How it looks.
 * @returns The lines.
 */
export function editLines(report: EditReport, style: Style): string[] {
  const { capture, edits, changes, moreChanges } = report;
  const shown = changes.slice(0, LINES);
  const more = changes.length - shown.length + moreChanges;
  const rows = shown.map((change) => row(change, style));
  return [
    `${printable(capture)}: ${count(edits.length, "edit")}, ${count(changes.length + moreChanges, "change")}`,
    ...formatTable([{}, {}, { align: "right" }, {}, {}], rows),
    ...(more === 0 ? [] : [`… and ${more} more changes`]),
    ...report.channels.flatMap(channelLine),
    ...(report.leftWrong.length === 0 ? [] : [`left wrong: ${report.leftWrong.join(", ")}`]),
  ];
}

function row(change: EditChange, style: Style): string[] {
  const { action, repair, channel, offset, kind } = change;
  const verb = repair === undefined ? style.bold(action) : `  ${repair}`;
  return [verb, printable(channel), formatHex(offset), thing(change, kind), what(change)];
}

/** What is changed. */
function thing({ section, index, length }: EditChange, kind: string | undefined): string {
  const name = section === undefined ? "" : ` ${printable(section)}`;
  const buffer = index === undefined ? "" : ` buffer ${index}`;
  return kind === undefined ? formatBytes(length) : `${kind}${name}${buffer}`;
}

/** What it was, and is. */
function what({ field, before, after, note, repair, length, action, kind }: EditChange): string {
  if (field !== undefined) {
    const from = before === undefined ? "" : `${valueText(before)} -> `;
    return `${printable(field)} ${from}${valueText(after ?? null)}`;
  }
  if (note !== undefined) return printable(note);
  return repair === undefined && action === "drop" && kind !== undefined ? formatBytes(length) : "";
}

function valueText(value: EditValue): string {
  if (value === null) return "nothing";
  if (typeof value === "number" && value > 9) return `${value} (${formatHex(value)})`;
  return typeof value === "string" ? clip(printable(value), VALUE_WIDTH) : String(value);
}

function channelLine({ label, before, after }: EditedChannel): string[] {
  if (before === after) return [];
  const now = after === null ? "left out" : `now ${after}`;
  return [`${printable(label)}: ${count(before, "byte")}, ${now}`];
}
