import {
  type BaseRecord,
  type ChannelReader,
  type Grammar,
  type OpaqueRecord,
  pageContents,
  type RamPageRecord,
  type RamXbzrleRecord,
} from "../stream/mod.ts";
import { decodeXbzrle, VFIO_DEVICE_STATE_CONFIG_STATE } from "../wire/mod.ts";

/** Receives bytes that may be kept. They are the receiver's. */
export type KeepBytes = (offset: number, bytes: Uint8Array<ArrayBuffer>) => void;

/** A place in a window of bytes. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Payloads that say how the stream goes on, or that are not memory of the guest: without a device's body nobody would find
 * its end. All others are left out.
 */
const KEPT_PAYLOADS: ReadonlySet<string> = new Set([
  "device-state",
  "vm-description",
  "dirty-bitmap",
  "rp-bitmap",
]);

/**
 * Reads as the grammar it wraps, and hands out the bytes of what was understood, with the contents of pages, and the data
 * of VFIO devices, left out or zero. What is not understood is never handed out.
 */
export class StructureKeeper implements Grammar {
  readonly #inner: Grammar;
  readonly #keep: KeepBytes;
  #reader: ChannelReader | undefined;
  #understood = 0;

  /** Keeps what `grammar` reads. */
  constructor(grammar: Grammar, keep: KeepBytes) {
    this.#inner = grammar;
    this.#keep = keep;
  }

  /** As the grammar's. */
  get expecting(): string {
    return this.#inner.expecting;
  }

  /** As the grammar's. */
  get complete(): boolean {
    return this.#inner.complete;
  }

  /** As the grammar's. */
  qemuAtCut(begun: Uint8Array, length: number): string | null | undefined {
    return this.#inner.qemuAtCut?.(begun, length);
  }

  /** Channel offset up to which all was understood. */
  get understood(): number {
    return this.#understood;
  }

  /** What was not understood, from {@linkcode understood} on; undefined as long as all was. */
  get opaque(): OpaqueRecord | undefined {
    const passing = this.#reader?.passingRecord;
    return passing?.kind === "opaque" ? passing as OpaqueRecord : undefined;
  }

  /** Reads one record, and hands out its bytes. */
  step(reader: ChannelReader): void {
    this.#reader = reader;
    const { decoder } = reader;
    const { pos: start, bytes, base } = decoder;
    const before = reader.records.length;
    this.#inner.step(reader);
    const end = decoder.pos;
    if (end === start) return;
    const read = [...reader.records.slice(before), reader.held, reader.passingRecord];
    // A run of pages that was held until now has been dealt with, page by page.
    const records = read.filter((record) => record !== undefined && record.offset + record.length > base + start);
    if (records.some((record) => record?.kind === "opaque")) return;
    const piece = bytes.slice(start, end);
    let kept = piece.length;
    for (const record of records) {
      if (record === undefined) continue;
      if (record.kind === "ram-xbzrle") blankDifference(record as RamXbzrleRecord, piece, base + start);
      for (const span of leftOut(record, base + start)) {
        const from = Math.max(0, span.start - base - start);
        const to = span.end - base - start;
        piece.fill(0, from, Math.min(to, piece.length));
        // What is left out at the end need not be written at all.
        if (to >= piece.length) kept = Math.min(kept, from);
      }
    }
    this.#understood = base + end;
    if (kept > 0) this.#keep(base + start, piece.subarray(0, kept));
  }

  /** `bytes` of a payload pass by, the first at `offset`: they were understood, and are kept if the payload is. */
  passed(offset: number, bytes: Uint8Array): void {
    const record = this.#reader?.passingRecord;
    if (record === undefined || record.kind === "opaque") return;
    this.#understood = offset + bytes.length;
    if (!isLeftOut(record)) this.#keep(offset, bytes.slice());
  }
}

/** Whether a record's payload is left out. */
function isLeftOut(record: BaseRecord): boolean {
  if (KEPT_PAYLOADS.has(record.kind)) return false;
  // The config of a device is a structure; the other packets are the device's memory.
  return !("vfioFlags" in record && (Number(record.vfioFlags) & VFIO_DEVICE_STATE_CONFIG_STATE) !== 0);
}

/** The parts of a record, from `from` on, that are left out: channel offsets. */
function* leftOut(record: BaseRecord, from: number): Generator<Span> {
  if (record.kind === "ram-page") {
    const run = record as RamPageRecord;
    for (let i = run.count - 1; i >= 0; i--) {
      const { offset, length } = pageContents(run, i);
      if (offset < from) return;
      yield { start: offset, end: offset + length };
    }
  } else if (record.payload !== undefined && record.kind !== "ram-xbzrle" && isLeftOut(record)) {
    yield { start: record.payload.offset, end: record.payload.offset + record.payload.length };
  }
}

/** A difference is read where it stands: its run lengths stay, its bytes go. */
function blankDifference({ payload, pageSize }: RamXbzrleRecord, piece: Uint8Array, base: number): void {
  const data = piece.subarray(payload.offset - base, payload.offset - base + payload.length);
  try {
    for (const run of decodeXbzrle(data, pageSize)) run.bytes.fill(0);
  } catch {
    // One that cannot be decoded has no structure to keep.
    data.fill(0);
  }
}
