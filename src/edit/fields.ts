import type { BaseRecord } from "../stream/mod.ts";
import { layoutOf } from "../stream/mod.ts";
import { deviceStateHeader, type Field, multifdRamHeader } from "../wire/mod.ts";
import { EditError } from "./edit_error.ts";
import { isPage } from "./page_runs.ts";

/** Properties of records that are no fields of the wire. */
const NOT_ON_WIRE: ReadonlySet<string> = new Set(["kind", "offset", "length", "payload", "pageSize", "configData"]);

/** More of those, by kind. */
const NOT_ON_WIRE_OF: { readonly [kind: string]: readonly string[] } = {
  "section-part": ["idstr", "instanceId"],
  "section-end": ["idstr", "instanceId"],
  "device-state": ["idstr", "instanceId", "ordinal", "extent"],
  "ram-page": ["count"],
  "ram-zero": ["count"],
  "dirty-bitmap": ["currentNode", "currentBitmap"],
  "ram-mapped-bitmap": ["block"],
  "ram-mapped-gap": ["block"],
  "ram-mapped-pages": ["block"],
  "opaque": ["reason"],
  "truncated": ["expected", "missing", "cut"],
};

/** Names of layout rows that are none of a field. */
const ROWS: ReadonlySet<string> = new Set(["word", "payload"]);

/** Names of the wire's fields that a record has: those that are there, and those that could be. */
export function fieldNames(record: BaseRecord): string[] {
  if (record.kind === "opaque" || record.kind === "truncated") return [];
  const present = Object.keys(record).filter((name) => isField(record, name));
  const rows = rowsOf(record).flatMap(({ name }) => name.split(",")).filter((name) => !ROWS.has(name));
  return [...new Set([...present, ...rows.filter((name) => isField(record, name))])];
}

function isField(record: BaseRecord, name: string): boolean {
  if (NOT_ON_WIRE.has(name) || NOT_ON_WIRE_OF[record.kind]?.includes(name)) return false;
  if (name !== "block") return true;
  // A page that continues the block of the one before does not name it.
  return !isPage(record) || (record.flags & 0x20) === 0;
}

function rowsOf(record: BaseRecord): readonly Field<never>[] {
  switch (record.kind) {
    case "multifd-ram":
    case "multifd-sync":
      return multifdRamHeader((record as unknown as { pageSize: number }).pageSize).fields;
    case "multifd-device-state":
      return deviceStateHeader().fields;
    case "command":
      // Which of the others there are, the number of the command says.
      return [];
  }
  const layout = layoutOf(record) as { readonly fields?: readonly Field<never>[] } | undefined;
  return layout?.fields ?? [];
}

/** Steps of a path: `blocks[0].idstr` has three. */
export function stepsOf(path: string): string[] {
  return path.split(/[.[]/).map((step) => step.replace(/\]$/, "")).filter((step) => step !== "");
}

/** What stands at a path of a record. */
export function valueAt(record: object, path: string): unknown {
  let value: unknown = record;
  for (const step of stepsOf(path)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as { readonly [key: string]: unknown })[step];
  }
  return value;
}

/** The record with another value at a path. */
export function withValue<T extends object>(record: T, path: string, value: unknown): T {
  return changed(record, stepsOf(path), value) as T;
}

function changed(from: unknown, [step, ...rest]: readonly string[], value: unknown): unknown {
  if (step === undefined) return value;
  if (Array.isArray(from)) return from.map((item, i) => String(i) === step ? changed(item, rest, value) : item);
  const object = typeof from === "object" && from !== null ? from as { readonly [key: string]: unknown } : {};
  return { ...object, [step]: changed(object[step], rest, value) };
}

/**
 * Reads the text of a value, as the value that is there now is written.
 *
 * @throws {EditError} `value`
 */
export function readValue(field: string, text: string | Uint8Array, now: unknown): unknown {
  const refuse = (reason: string, hint = ""): EditError =>
    new EditError("value", `Cannot set ${field} to ${shown(text)}: ${reason}`, hint);
  if (now instanceof Uint8Array || now === undefined) return bytesOf(field, text);
  if (typeof text !== "string") throw refuse("it is no field of bytes");
  switch (typeof now) {
    case "string":
      return text;
    case "bigint":
    case "number": {
      const number = bigNumber(text);
      if (number === undefined) throw refuse("it is no number", "write 12, 0x1f, or -1 for a field with a sign");
      return typeof now === "bigint" ? number : exact(number, refuse);
    }
    case "boolean":
      if (text === "true" || text === "false") return text === "true";
      if (/^(?:0x)?[0-9a-f]+$/i.test(text)) return exact(BigInt(text), refuse);
      throw refuse("it is neither true nor false");
  }
  throw refuse("it has parts", `name one of them: ${field}.…`);
}

function exact(number: bigint, refuse: (reason: string) => EditError): number {
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw refuse("it is above 2^53");
  return Number(number);
}

/** A whole number of any size; undefined for another text. */
export function bigNumber(text: string): bigint | undefined {
  if (/^-\d+$/.test(text)) return -BigInt(text.slice(1));
  return /^(?:0x[0-9a-f]+|\d+)$/i.test(text) ? BigInt(text) : undefined;
}

/**
 * Bytes: as they are, or from hexadecimal digits.
 *
 * @throws {EditError} `value`
 */
export function bytesOf(field: string, text: string | Uint8Array): Uint8Array {
  if (typeof text !== "string") return text;
  // As a UUID is written, or a dump.
  const digits = text.replace(/^0x/i, "").replaceAll(/[-: ]/g, "");
  if (/^(?:[0-9a-f]{2})*$/i.test(digits)) return Uint8Array.fromHex(digits);
  throw new EditError(
    "value",
    `Cannot set ${field} to ${shown(text)}: it is bytes`,
    "write hexadecimal digits, or @FILE",
  );
}

/** A value for people. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (value instanceof Uint8Array) {
    return value.length > 16 ? `${value.subarray(0, 16).toHex()}… (${value.length} bytes)` : value.toHex();
  }
  return String(value);
}

/**
 * Writes the fields of a record.
 *
 * @throws {EditError} `value` if they do not fit
 */
export function encodeRecord(record: BaseRecord): Uint8Array {
  const layout = layoutOf(record);
  if (layout === undefined) return new Uint8Array(0);
  try {
    return layout.encode(record as never);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    throw new EditError("value", error.message, "", { cause: error });
  }
}

/** Names under which the fields of a record are annotated, where those are others. */
const ANNOTATED: { readonly [field: string]: string } = {
  vfioVersion: "vfio.version",
  idx: "vfio.idx",
  vfioFlags: "vfio.flags",
};

/** Flags share a word with the offset of a page. */
const FLAG_BITS = 10;

/** Bits that a field of a record has. */
function bitsOf(record: BaseRecord, field: string): number {
  const annotations = layoutOf(record)?.annotate(encodeRecord(record)) ?? [];
  const own = annotations.find((one) => one.field === field || one.field === ANNOTATED[field]);
  if (own !== undefined) return 8 * own.length;
  const isWord = annotations.some((one) => one.field === "word");
  return isWord && field === "flags" ? FLAG_BITS : 64;
}

/**
 * That a number is written as what it is: a field of 16 bits drops what is above.
 *
 * @throws {EditError} `value`
 */
export function checkFits(record: BaseRecord, field: string, value: unknown): void {
  if (typeof value !== "number" && typeof value !== "bigint") return;
  const number = BigInt(value);
  if (number < 0n) throw new EditError("value", `Cannot set ${field} to ${value}: it has no sign`);
  const bits = bitsOf(record, field);
  const most = 2n ** BigInt(bits) - 1n;
  if (number <= most) return;
  throw new EditError("value", `Cannot set ${field} to ${value}: it has ${bits} bits`, `${most} is the most`);
}

/** Whether bytes are the same. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
