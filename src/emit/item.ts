import type { ByteSource } from "../capture/mod.ts";
import { type BaseRecord, type Part, serialise } from "../stream/mod.ts";

/**
 * A record, or some that follow each other, to be sent: where it stands in the capture, and what is sent instead if it was
 * changed. It is small and holds no contents, so that a plan for a large capture stays small.
 */
export interface Item {
  /** Kind of the record, or of the first of them. */
  readonly kind: string;
  /** The connection that it was recorded on; its times are those of that connection. */
  readonly connection: number;
  /** The channel that it stands in. */
  readonly source: ByteSource;
  /** Byte where it begins there. */
  readonly offset: number;
  /** Its bytes there. */
  readonly length: number;
  /**
   * What is sent instead of these bytes; a range is one of `source`. Asked for when it is sent; every time it must give
   * the same.
   */
  readonly parts?: () => Iterable<Part>;
  /** Bytes that {@linkcode parts} give; `length` if absent. */
  readonly sentLength?: number;
}

/** Bytes that an item puts on the wire. */
export function sentLength(item: Item): number {
  return item.sentLength ?? item.length;
}

/** Whether `next` is sent as it stands, right behind `item`, and can be one with it. */
export function joins(item: Item, next: Item): boolean {
  return item.parts === undefined && next.parts === undefined && item.source === next.source &&
    item.connection === next.connection && item.offset + item.length === next.offset;
}

/** Where the records of a channel stand, and how they become items. */
export interface ItemOptions {
  /** The channel. */
  readonly source: ByteSource;
  /** The connection that it was recorded on. */
  readonly connection: number;
  /** Send what the fields of the records say, not the bytes that they were read from. The records are then kept. */
  readonly reserialise?: boolean;
  /** Changes a record; what it gives back as it was is sent as it stands. */
  readonly change?: ((record: BaseRecord) => BaseRecord) | undefined;
}

/** A record as an item. */
export function itemOf(record: BaseRecord, { source, connection, reserialise = false, change }: ItemOptions): Item {
  const { kind, offset, length } = record;
  const item = { kind, connection, source, offset, length };
  const changed = change?.(record) ?? record;
  if (changed !== record) return { ...item, parts: () => serialise(changed), sentLength: lengthOf(serialise(changed)) };
  return reserialise ? { ...item, parts: () => serialise(record) } : item;
}

function lengthOf(parts: Iterable<Part>): number {
  let length = 0;
  for (const part of parts) length += part.length;
  return length;
}
