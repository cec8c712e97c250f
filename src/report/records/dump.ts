import { Incomplete } from "../../bytes/mod.ts";
import type { ByteRange } from "../../bytes/mod.ts";
import { type BaseRecord, layoutOf, type MultifdRamRecord, type TruncatedRecord } from "../../stream/mod.ts";
import { type Annotation, hex, WireError } from "../../wire/mod.ts";
import { payloadOf } from "./pages.ts";

/** A field of a record, with its bytes. A heading has none. */
export interface DumpField extends Annotation {
  /** The bytes that it takes, all of them. */
  readonly bytes: Uint8Array;
}

/** The bytes of a record before its payload, and what they say. */
export interface HeaderDump {
  /** The fields; their bytes tile the header. */
  readonly fields: readonly DumpField[];
  /** Where the bytes behind the header are: carried, or not understood. */
  readonly rest?: ByteRange;
}

/**
 * Bytes after a record that its layout may look at to see that nothing more belongs to it, as a configuration does. Zero
 * is what never does.
 */
const LOOK_AHEAD = 16;

/**
 * The fields of a record's header. The bytes are made from the record's values, as they are when it is written again,
 * so no source is needed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import type { BaseRecord } from "@migwire/migwire/stream";
 * import { dumpHeader } from "./dump.ts";
 *
 * const footer = { kind: "section-footer", offset: 64, length: 5, marker: 0x7e, sectionId: 2 } as BaseRecord;
 * const { fields } = dumpHeader(footer);
 * assertEquals(fields.map(({ field, bytes }) => [field, bytes.toHex()]), [["marker", "7e"], ["sectionId", "00000002"]]);
 * ```
 */
export function dumpHeader(record: BaseRecord): HeaderDump {
  const { offset, length } = record;
  if (record.kind === "truncated") {
    const { cut } = record as TruncatedRecord;
    if (cut === undefined) return { fields: [], ...restAt({ offset, length }) };
    const { fields } = dumpHeader(cut);
    const start = cut.payload?.offset ?? offset;
    return { fields, ...restAt({ offset: start, length: offset + length - start }) };
  }
  const layout = layoutOf(record);
  if (layout === undefined) return { fields: [], ...restAt({ offset, length }) };
  const bytes = layout.encode(record as never);
  const leaves = annotate(layout, bytes, offset).flatMap((leaf) => splitOffsets(leaf, record));
  return { fields: withBytes(leaves, bytes, offset), ...restAt(payloadOf(record)) };
}

function restAt(range: ByteRange | undefined): Pick<HeaderDump, "rest"> {
  return range === undefined || range.length === 0 ? {} : { rest: range };
}

/** Puts the bytes to annotations of `bytes`, which stand at `base`. */
export function withBytes(annotations: readonly Annotation[], bytes: Uint8Array, base: number): DumpField[] {
  return annotations.map((annotation) => {
    const start = annotation.offset - base;
    return { ...annotation, bytes: bytes.subarray(start, start + annotation.length) };
  });
}

function annotate(
  layout: Exclude<ReturnType<typeof layoutOf>, undefined>,
  bytes: Uint8Array,
  base: number,
): Annotation[] {
  try {
    return layout.annotate(bytes, base);
  } catch (error) {
    if (!(error instanceof Incomplete)) throw error;
    const more = new Uint8Array(bytes.length + LOOK_AHEAD);
    more.set(bytes);
    return layout.annotate(more, base);
  }
}

/** The page offsets of a multifd packet, which its layout takes as one, each for itself. */
function splitOffsets(leaf: Annotation, record: BaseRecord): Annotation[] {
  if (leaf.field !== "pageOffsets") return [leaf];
  const { pageOffsets, exactOffsets, normalPages } = record as MultifdRamRecord;
  return (exactOffsets ?? pageOffsets).map((value, i) => ({
    offset: leaf.offset + 8 * i,
    length: 8,
    field: `pageOffsets[${i}]`,
    value: hex(value),
    meaning: i < normalPages ? "normal page" : "zero page",
  }));
}

/** What `read` gives, or nothing where the bytes are not what they should be. */
export function unlessMalformed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError || error instanceof Incomplete) return undefined;
    throw error;
  }
}
