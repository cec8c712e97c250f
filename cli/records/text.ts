import type { ReadChannel } from "../../src/public/capture.ts";
import type { DumpField, PayloadDump, RecordDump, RecordLine, SummaryField } from "../../src/public/records.ts";
import { formatBytes, formatHex, formatTable, printable, type Style } from "../terminal.ts";

/** Columns of a line: most records fit, the others only push the rest to the right. */
const LENGTH_WIDTH = 8;
const KIND_WIDTH = 20;

/** Bytes of a field in a row of the dump: most fields have no more. */
const FIELD_ROW = 8;

/** Bytes of a payload in a row of the dump. */
const PAYLOAD_ROW = 16;

/** Before the parts of a record. */
const INDENT = "    ";

/** The heading above the lines of a channel. */
export function channelHeading({ label, identity, channel }: ReadChannel, style: Style): string {
  const { source, index, direction } = channel;
  const from = direction === "s2d" ? "from the source" : "from the destination";
  // Of a pipe nobody knows how long it is.
  const length = source === undefined ? "" : `, ${formatBytes(source.size)}`;
  return style.bold(printable(label)) + style.dim(`  ${identity.role}, connection ${index}, ${from}${length}`);
}

/** A record in one line: offset, length, kind, what matters. */
export function recordLine(line: RecordLine, summary: readonly SummaryField[], style: Style): string {
  const kind = line.kind.padEnd(KIND_WIDTH - 2 * line.depth);
  const words = summary.map(fieldText).join(" ");
  return `${style.dim(formatHex(line.offset, 8))}  ${String(line.length).padStart(LENGTH_WIDTH)}  ${
    "  ".repeat(line.depth)
  }${kindStyle(line.kind, style)(kind)}  ${words}`.trimEnd();
}

function kindStyle(kind: string, style: Style): (text: string) => string {
  if (kind === "truncated") return style.red;
  return kind === "opaque" ? style.yellow : style.cyan;
}

function fieldText(field: SummaryField): string {
  const { name, as } = field;
  const value = valueText(field);
  if (as === "count") return `${value} ${field.value === 1 ? name?.replace(/s$/, "") : name}`;
  return name === undefined ? value : `${nameText(name)}=${value}`;
}

/** A name; one that is from the stream may be anything. */
function nameText(name: string): string {
  return /^[\w ]+$/.test(name) ? name : quoted(name);
}

function quoted(text: string): string {
  return printable(JSON.stringify(text));
}

function valueText({ value, as }: SummaryField): string {
  switch (as) {
    case "hex":
      return typeof value === "string" ? printable(value) : formatHex(value);
    case "text":
      return quoted(String(value));
    case "bytes":
      return bytesText(BigInt(value));
    case "aside":
      return `(${printable(String(value))})`;
    default:
      return printable(String(value));
  }
}

/** A number of bytes, exactly: in a larger unit only where nothing is lost. */
function bytesText(bytes: bigint): string {
  const units = ["", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  let amount = bytes;
  while (amount !== 0n && amount % 1024n === 0n && unit < units.length - 1) {
    amount /= 1024n;
    unit++;
  }
  return `${amount}${units[unit]}`;
}

/** The fields of a record, without their bytes. */
export function fieldLines({ fields, words }: RecordDump, style: Style): string[] {
  const rows = fields.map(({ field, value, meaning }) => [printable(field), ...meaningCells(value, meaning, style)]);
  return indented([...formatTable([{}, {}, {}], rows), ...wordLines(words)]);
}

/**
 * The fields of a record with their bytes, and its payload.
 *
 * @param dump The record.
 * @param most Bytes of a field or payload that are shown.
 * @param style How it looks.
 * @returns The lines.
 */
export function dumpLines({ fields, payload, words }: RecordDump, most: number, style: Style): string[] {
  const rows = fields.flatMap((field) => fieldRows(field, most, style));
  return indented([
    ...formatTable([{}, {}, {}, {}, {}], rows),
    ...wordLines(words),
    ...(payload === undefined ? [] : payloadLines(payload, most, style)),
  ]);
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => INDENT + line);
}

function meaningCells(value: string, meaning: string | undefined, style: Style): string[] {
  return [printable(value), meaning === undefined ? "" : style.dim(printable(meaning))];
}

/** A row for each few bytes of a field; its name and value stand beside the first. */
function fieldRows({ offset, bytes, field, value, meaning }: DumpField, most: number, style: Style): string[][] {
  const name = printable(field);
  const place = (at: number): string => style.dim(formatHex(at, 8));
  if (bytes.length === 0) return [[place(offset), "", style.bold(name), ...meaningCells(value, meaning, style)]];
  const rows: string[][] = [];
  // The first row always: most fields have no other.
  const shown = bytes.subarray(0, Math.max(most, FIELD_ROW));
  for (let at = 0; at < shown.length; at += FIELD_ROW) {
    const beside = at === 0 ? [name, ...meaningCells(value, meaning, style)] : [];
    rows.push([place(offset + at), spaced(shown.subarray(at, at + FIELD_ROW)), ...beside]);
  }
  const left = bytes.length - shown.length;
  if (left > 0) rows.push(["", style.dim(leftOut(left))]);
  return rows;
}

function payloadLines({ offset, length, bytes }: PayloadDump, most: number, style: Style): string[] {
  const heading = `payload, ${formatBytes(length)}`;
  if (bytes === undefined) return [`${heading}: not at hand, it came through a pipe`];
  const shown = bytes.subarray(0, most);
  const lines: string[] = [heading];
  for (let at = 0; at < shown.length; at += PAYLOAD_ROW) {
    const row = shown.subarray(at, at + PAYLOAD_ROW);
    const hex = spaced(row).padEnd(3 * PAYLOAD_ROW - 1);
    lines.push(`${style.dim(formatHex(offset + at, 8))}  ${hex}  ${style.dim(`|${ascii(row)}|`)}`);
  }
  const left = length - shown.length;
  if (left > 0) lines.push(style.dim(leftOut(left)));
  return lines;
}

function leftOut(bytes: number): string {
  return `… ${bytes} more`;
}

/** The words of `lspci`, whose tabs become spaces. */
function wordLines(words: readonly string[]): string[] {
  return words.map((line) => printable(line.replaceAll("\t", "  ")));
}

function spaced(bytes: Uint8Array): string {
  return bytes.toHex().replace(/..(?=.)/g, "$& ");
}

function ascii(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".";
  return text;
}
