import { hexText } from "../../bytes/mod.ts";
import type { RecordLine } from "./line.ts";

/** A value of JSON. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [name: string]: JsonValue };

/**
 * A line as an object for JSON: `channel` (its label), `kind`, `offset`, `length`, then the fields of the record under
 * the names that they have in the library. Integers up to 2^53 − 1 are numbers, larger ones strings of the form
 * `"0x…"`; bytes are strings of hex digits.
 *
 * @param line Of `listRecords()`.
 * @returns What `migwire records --json` prints in a line.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { jsonOf } from "./to_json.ts";
 *
 * assertEquals([jsonOf(5n), jsonOf(2n ** 64n - 1n), jsonOf({ uuid: Uint8Array.of(0xab, 1) })], [
 *   5,
 *   "0xffffffffffffffff",
 *   { uuid: "ab01" },
 * ]);
 * ```
 */
export function lineToJson(line: RecordLine): { [name: string]: JsonValue } {
  const { kind, offset, length, ...fields } = line.record;
  const object: { [name: string]: JsonValue } = { channel: line.channel.label, kind, offset, length };
  for (const [name, value] of Object.entries(fields)) object[name] = jsonOf(value);
  return object;
}

/** A field's value for JSON, as {@linkcode lineToJson} says. */
export function jsonOf(value: unknown): JsonValue {
  if (typeof value === "bigint") {
    return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : `0x${value.toString(16)}`;
  }
  if (value instanceof Uint8Array) return hexText(value);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, jsonOf(inner)]));
  }
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return null;
}
