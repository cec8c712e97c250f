/** What mutants are made from: real channels, with little left of what they carry, so that thousands are read a second. @module */

import type { Annotation } from "../../src/wire/mod.ts";
import type { Direction } from "../../src/capture/mod.ts";
import {
  ChannelParser,
  layoutOf,
  type MultifdRamRecord,
  type RamPageRecord,
  type RamZeroRecord,
  serialise,
} from "../../src/stream/mod.ts";
import type { BaseRecord } from "../../src/stream/record.ts";
import { concat } from "@std/bytes";
import type { LoneChannel } from "../corpus.ts";

/** Where a field is in a piece. */
export type FieldPlace = Pick<Annotation, "offset" | "length">;

/** A record that mutants are put together from. */
export interface Piece {
  /** Its bytes. */
  readonly bytes: Uint8Array;
  /** Its fields, as far as they are known. */
  readonly fields: readonly FieldPlace[];
}

/** A channel that mutants are made from. */
export interface Seed extends Pick<LoneChannel, "name" | "role" | "grammar"> {
  /** Who sends it. */
  readonly direction: Direction;
  /** Its records. */
  readonly pieces: readonly Piece[];
}

/** Bytes of a payload that are kept. */
const PAYLOAD = 64;

/** A record with more than this cannot be made shorter; the seed ends inside of it. */
const LONGEST = 16 * 1024;

/** Of the device sections of a stream, and of its sections of one kind. */
const SECTIONS = 5;

/** Records of one kind that carry much, in a channel or a section. */
const RECORDS = 3;

/** Those records. */
const CARRIES_MUCH = /^(ram-(page|zero|xbzrle|compress-page)|multifd-.*|vfio-data|tls-record)$/;

/** Pages of a run. */
const PAGES = 2;

/** A record and what it was made from. */
interface Kept {
  readonly record: BaseRecord;
  readonly bytes: Uint8Array;
}

/** Takes a channel for a seed. */
export function seedOf(channel: LoneChannel, direction: Direction): Seed {
  const parser = new ChannelParser(channel.grammar());
  const records = [...parser.push(channel.bytes), ...parser.end()];
  const chosen = channel.role === "main" || channel.role === "recovery" ? someSections(records) : someRecords(records);
  const pieces: Piece[] = [];
  for (const record of chosen) {
    const kept = shorten(record, channel.bytes);
    const isTooLong = kept.bytes.length > LONGEST;
    const bytes = isTooLong ? kept.bytes.slice(0, PAYLOAD) : kept.bytes;
    pieces.push({ bytes, fields: fieldsOf(kept.record, bytes) });
    if (isTooLong) break;
  }
  const { name, role, grammar } = channel;
  return { name, role, grammar, direction, pieces };
}

/** All elements of a main channel but device sections, of which there are many, and sections that repeat. */
function someSections(records: readonly BaseRecord[]): BaseRecord[] {
  const counts = new Map<string, number>();
  const chosen: BaseRecord[] = [];
  for (const element of elementsOf(records)) {
    const [first, body] = element;
    if (first === undefined || first.kind === "vm-description") continue;
    const key = `${first.kind} ${body?.kind}`;
    const count = (counts.get(key) ?? 0) + 1;
    counts.set(key, count);
    if (count <= SECTIONS) chosen.push(...someRecords(element));
  }
  return chosen;
}

/** A section with its body and footer, or a record between sections. */
function elementsOf(records: readonly BaseRecord[]): BaseRecord[][] {
  const elements: BaseRecord[][] = [];
  let inSection = false;
  for (const record of records) {
    if (inSection) elements.at(-1)?.push(record);
    else elements.push([record]);
    if (record.kind.startsWith("section-")) inSection = record.kind !== "section-footer";
  }
  return elements;
}

/** The first few of each kind; a page without a block name only behind one of the same block. */
function someRecords(records: readonly BaseRecord[]): BaseRecord[] {
  const counts = new Map<string, number>();
  let block: string | undefined;
  return records.filter((record) => {
    const page = record as BaseRecord & { block?: string; flags?: number };
    const follows = record.kind === "ram-page" || record.kind === "ram-zero" ? (page.flags ?? 0) & 0x20 : 0;
    if (follows !== 0 && page.block !== block) return false;
    const count = (counts.get(record.kind) ?? 0) + 1;
    counts.set(record.kind, count);
    if (count > RECORDS && CARRIES_MUCH.test(record.kind)) return false;
    block = page.block ?? block;
    return true;
  });
}

/** Fields of a record with a payload of `length` bytes, for records that say how long it is. */
const WITH_PAYLOAD: { readonly [kind: string]: (length: number) => object } = {
  "vfio-data": (size) => ({ size }),
  "rp-bitmap": (size) => ({ size }),
  "tls-record": () => ({}),
  "multifd-device-state": (length) => ({ nextPacketSize: 12 + length }),
};

/** The record with less of what it carries. */
function shorten(record: BaseRecord, channel: Uint8Array): Kept {
  const whole = { record, bytes: channel.slice(record.offset, record.offset + record.length) };
  const { payload, kind } = record;
  if (kind === "ram-page" || kind === "ram-zero") {
    const run = record as RamPageRecord | RamZeroRecord;
    return run.count <= PAGES ? whole : rewritten(merged(run, { count: PAGES }), channel);
  }
  if (kind === "multifd-ram") {
    const { normalPages, pageSize, nextPacketSize } = record as MultifdRamRecord;
    if (normalPages < 2 || nextPacketSize !== normalPages * pageSize) return whole;
    return withPayload(merged(record, { normalPages: 1, nextPacketSize: pageSize }), pageSize, channel);
  }
  const fields = WITH_PAYLOAD[kind];
  if (fields === undefined || payload === undefined || payload.length <= PAYLOAD) return whole;
  return withPayload(merged(record, fields(PAYLOAD)), PAYLOAD, channel);
}

/** The record with other values in fields that only its kind has. */
function merged(record: BaseRecord, fields: object): BaseRecord {
  return { ...record, ...fields };
}

function withPayload(record: BaseRecord, length: number, channel: Uint8Array): Kept {
  return rewritten({ ...record, payload: { offset: record.payload?.offset ?? 0, length } }, channel);
}

function rewritten(record: BaseRecord, channel: Uint8Array): Kept {
  const parts = [...serialise(record)].map((part) =>
    part instanceof Uint8Array ? part : channel.subarray(part.offset, part.offset + part.length)
  );
  return { record, bytes: concat(parts) };
}

/** The fields of a record, as far as they are known. */
export function fieldsOf(record: BaseRecord, bytes: Uint8Array): FieldPlace[] {
  try {
    return layoutOf(record)?.annotate(bytes).filter(({ length }) => length > 0) ?? [];
  } catch {
    // The beginning of a record has no fields of its own.
    return [];
  }
}
