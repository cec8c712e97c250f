/** What tests of the main channel have in common: reading it, and writing what was read. @module */

import { concat } from "@std/bytes";
import { type BaseRecord, type Grammar, MainGrammar, type MainOptions, serialise } from "../src/stream/mod.ts";
import { assertTiles, parseChannel, type Parsed } from "./channels.ts";

/** Any record, with any field that one may have. */
// deno-lint-ignore no-explicit-any -- a test names the field, and fails if it is not there
export type AnyRecord = BaseRecord & { readonly [field: string]: any };

/** The bytes of `records`, which were read from `bytes`. */
export function rewritten(records: readonly BaseRecord[], bytes: Uint8Array): Uint8Array {
  const parts = records.flatMap((record) => [...serialise(record)]);
  return concat(
    parts.map((part) => part instanceof Uint8Array ? part : bytes.subarray(part.offset, part.offset + part.length)),
  );
}

/** Reads a channel at once; its records tile it, and written again they are the same bytes. */
export function readWhole(grammar: Grammar, bytes: Uint8Array, strict = false): Parsed<AnyRecord> {
  const parsed = parseChannel<AnyRecord>(grammar, bytes, [], { channel: "main", strict });
  assertTiles(parsed.records, bytes.length);
  const again = rewritten(parsed.records, bytes);
  // Not assertEquals at once: its message would show megabytes.
  if (again.length !== bytes.length || !again.every((byte, i) => byte === bytes[i])) {
    throw new Error("records written again are not the bytes that were read");
  }
  return parsed;
}

/** Reads a main channel with {@linkcode readWhole}. */
export function readMain(bytes: Uint8Array, options: MainOptions = {}, strict = false): Parsed<AnyRecord> {
  return readWhole(new MainGrammar(options), bytes, strict);
}

/** The records of the kind `kind`. */
export function ofKind(records: readonly AnyRecord[], kind: string): AnyRecord[] {
  return records.filter((record) => record.kind === kind);
}

/** The fields of `record` beside its place. */
export function fieldsOf(record: AnyRecord | undefined): { [field: string]: unknown } {
  const { offset: _offset, length: _length, kind: _kind, ...fields } = record ?? { offset: 0, length: 0, kind: "" };
  return fields;
}
