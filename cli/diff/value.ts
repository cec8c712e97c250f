/** The values of a difference in a phrase. @module */

import type { Difference, DiffValue, RangeDifference } from "../../src/public/diff.ts";
import { clip } from "../inspect/layout.ts";
import { count } from "../inspect/words.ts";
import { formatBytes, formatHex, printable } from "../terminal.ts";

/** Columns of a text. */
const TEXT_WIDTH = 60;

/** Bytes of a range that are shown. */
const RANGE_BYTES = 8;

/** Ranges that are shown. */
const RANGES = 3;

/** From this number on the hexadecimal form is shown too. */
const HEX_FROM = 10;

/** A value. */
export function valueText(value: DiffValue | undefined): string {
  if (value === undefined) return "";
  if (value === null) return "nothing";
  if (typeof value === "string") return clip(printable(value), TEXT_WIDTH);
  if (typeof value === "number") return numberText(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  return "bytes" in value ? formatBytes(value.bytes) : count(value.fields, "field");
}

function numberText(value: number): string {
  if (Math.abs(value) < HEX_FROM || !Number.isInteger(value)) return `${value}`;
  return `${value} (${value < 0 ? "-" : ""}${formatHex(Math.abs(value))})`;
}

/** What differs, in a line. */
export function changeText(difference: Difference): string {
  const { kind, a, b } = difference;
  if (kind === "removed") return `only in A${isPlainTrue(a) ? "" : `: ${valueText(a)}`}`;
  if (kind === "added") return `only in B${isPlainTrue(b) ? "" : `: ${valueText(b)}`}`;
  if (difference.ranges !== undefined) return rangesText(difference, difference.ranges);
  return `${valueText(a)} -> ${valueText(b)}${typeText(difference)}`;
}

/** What is only there or not. */
function isPlainTrue(value: DiffValue | undefined): boolean {
  return value === true;
}

function typeText({ size, type }: Difference): string {
  if (size === undefined) return "";
  const of = (side: "a" | "b"): string => `${printable(type?.[side] ?? "?")} of ${count(size[side], "byte")}`;
  return `  (${of("a")} -> ${of("b")})`;
}

function rangesText({ a, b, moreRanges = 0 }: Difference, ranges: readonly RangeDifference[]): string {
  const [left, right] = [valueText(a), valueText(b)];
  const differing = ranges.reduce((sum, { length }) => sum + length, 0);
  const shown = ranges.slice(0, RANGES).map(rangeText);
  const more = ranges.length + moreRanges - shown.length;
  const all = [...shown, ...(more > 0 ? [`and ${count(more, "more range")}`] : [])].join(", ");
  const howMany = `${moreRanges > 0 ? "at least " : ""}${formatBytes(differing)}`;
  const verb = differing === 1 ? "differs" : "differ";
  return left === right ? `${howMany} of ${left} ${verb}: ${all}` : `${left} -> ${right}, ${howMany} ${verb}: ${all}`;
}

function rangeText({ offset, length, a, b }: RangeDifference): string {
  const at = `[${formatHex(offset)}${length === 1 ? "" : `..${formatHex(offset + length - 1)}`}]`;
  if (a === undefined || b === undefined) return at;
  return `${at} ${bytesText(a, length)} -> ${bytesText(b, length)}`;
}

function bytesText(hex: string, length: number): string {
  if (hex === "") return "nothing";
  return length > RANGE_BYTES ? `${hex.slice(0, 2 * RANGE_BYTES)}…` : hex;
}
