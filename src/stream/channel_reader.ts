import { Decoder, type Finding } from "../wire/mod.ts";
import type { BaseRecord, TruncatedRecord } from "./record.ts";

/**
 * The grammar of a channel kind: what may come next. `step` reads one record from the reader's decoder and emits it,
 * or throws `Incomplete`, and is then called again from the same place when more bytes are there. It must not change
 * its own state before the last read of a step.
 */
export interface Grammar {
  /** Reads one record. Not called at the end of input. */
  step(reader: ChannelReader): void;
  /** What a record at this place would be, for people: "section type". */
  readonly expecting: string;
  /** Whether the channel may end here, between two records. */
  readonly complete: boolean;
  /**
   * What the newest QEMU says of a channel that ends here; undefined where that is the usual, null where it cannot be
   * known.
   *
   * @param begun Bytes of the record that is begun; none if its payload was passing by.
   * @param length How long it is so far.
   */
  qemuAtCut?(begun: Uint8Array, length: number): string | null | undefined;
}

/** What a grammar works on: the window of bytes, and where its records go. */
export class ChannelReader {
  /** Where the grammar reads. */
  readonly decoder: Decoder;
  /** Records that are complete. */
  records: BaseRecord[] = [];
  /**
   * Bytes that the record at this place lacks: the same as throwing `Incomplete`, without its cost, for the one record that
   * nearly every buffer of a RAM stream ends inside of. The step must have read nothing.
   */
  lacking = 0;
  /** A run of pages gets no longer than so many bytes, but for one of a single page. */
  readonly longestRun: number;
  /** A record whose payload is passing by. */
  #passing: BaseRecord | undefined;
  #left = 0;
  /** Record that can still grow: a run of pages. */
  #open: BaseRecord | undefined;

  /** A reader whose findings go to `report`. */
  constructor(
    options: { channel: string; strict: boolean; report: (finding: Finding) => void; longestRun?: number },
  ) {
    this.decoder = new Decoder(new Uint8Array(0), 0, options);
    this.longestRun = options.longestRun ?? Infinity;
  }

  /** No more bytes will come: what looks ahead must decide on what is there. */
  get ended(): boolean {
    return this.decoder.ended;
  }

  /** Bytes of the payload that have not come yet. */
  get passing(): number {
    return this.#left;
  }

  /** The record whose payload is passing by, as long as not all of it has come. */
  get passingRecord(): BaseRecord | undefined {
    return this.#passing;
  }

  /** Hands out a complete record; the decoder must stand behind it. */
  emit(record: BaseRecord): void {
    this.settle();
    this.records.push(record);
  }

  /** Keeps a record that the next one may be merged into. */
  hold(record: BaseRecord): void {
    this.settle();
    this.#open = record;
  }

  /** The record being held, to be merged with. */
  get held(): BaseRecord | undefined {
    return this.#open;
  }

  /** Hands out the held record: nothing can be merged with it any more. */
  settle(): void {
    if (this.#open === undefined) return;
    this.records.push(this.#open);
    this.#open = undefined;
  }

  /** Lets the payload of `record` pass, unread, then hands the record out. */
  pass(record: BaseRecord): void {
    this.settle();
    const length = record.payload?.length ?? 0;
    const here = Math.min(length, this.decoder.available);
    this.decoder.pos += here;
    this.#left = length - here;
    if (this.#left === 0) this.records.push(record);
    else this.#passing = record;
  }

  /** `count` bytes of the payload went by outside of the window. */
  passed(count: number): void {
    this.#left -= count;
    if (this.#left > 0 || this.#passing === undefined) return;
    this.records.push(this.#passing);
    this.#passing = undefined;
  }

  /** The input ended while a payload was passing: gives the truncated record. */
  cutPayload(end: number): void {
    const record = this.#passing;
    if (record === undefined) return;
    if (record.kind === "opaque") {
      // An opaque rest has no length of its own: it ends where the channel does.
      const payload = { offset: record.offset, length: end - record.offset };
      this.records.push({ ...record, length: payload.length, payload });
    } else {
      const truncated: TruncatedRecord = {
        kind: "truncated",
        offset: record.offset,
        length: end - record.offset,
        expected: `payload of ${record.kind}`,
        missing: this.#left,
        cut: record,
      };
      this.records.push(truncated);
    }
    this.#passing = undefined;
    this.#left = 0;
  }
}
