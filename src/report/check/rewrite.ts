import type { ByteSource, ReadChannel } from "../../capture/values.ts";
import { type BaseRecord, serialise } from "../../stream/mod.ts";
import { hex } from "../../wire/mod.ts";
import { error, type ProblemDraft } from "./problem.ts";

/** Bytes of the channel that are looked at in one read. */
const WINDOW = 256 * 1024;

/** Gives the bytes of a source at places that only go forward, reading it in large pieces. */
class Window {
  readonly #source: ByteSource;
  readonly #buffer = new Uint8Array(WINDOW);
  #start = 0;
  #length = 0;

  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** Index of the first of `bytes` that does not stand from `offset` on; -1 if all do. */
  mismatch(bytes: Uint8Array, offset: number): number {
    for (let i = 0; i < bytes.length; i++) {
      const at = offset + i;
      if (at < this.#start || at >= this.#start + this.#length) {
        this.#start = at;
        this.#length = this.#source.readAt(at, this.#buffer);
        if (this.#length === 0) return i;
      }
      if (this.#buffer[at - this.#start] !== bytes[i]) return i;
    }
    return -1;
  }
}

/**
 * Writes a channel again from its records, and compares with its bytes as it goes. Payload is not read: that the records
 * say it stands where it does is enough.
 */
export class Rewriter {
  readonly #label: string;
  readonly #window: Window | undefined;
  #at = 0;
  #same = true;

  /** A rewriter of `channel`, all of whose records must be given to it in their order. */
  constructor({ label, channel }: ReadChannel) {
    this.#label = label;
    this.#window = channel.source === undefined ? undefined : new Window(channel.source);
  }

  /** Whether what was written so far is the same; null if there was nothing to compare with. */
  get rewritten(): boolean | null {
    return this.#window === undefined ? null : this.#same;
  }

  /** Writes a record; the first difference of a channel is a problem. */
  add(record: BaseRecord): ProblemDraft[] {
    if (this.#window === undefined || !this.#same) return [];
    const difference = this.#write(record, this.#window);
    if (difference === undefined) return [];
    this.#same = false;
    return [error({
      code: "rewrite-differs",
      channel: this.#label,
      offset: difference,
      message: `${record.kind} of offset ${hex(record.offset)}, written again, is not the same here`,
      hint: "this is a bug in migwire: please report it",
    })];
  }

  /** Offset of the first difference. */
  #write(record: BaseRecord, window: Window): number | undefined {
    if (record.offset !== this.#at) return this.#at;
    const end = record.offset + record.length;
    for (const part of serialise(record)) {
      if (part instanceof Uint8Array) {
        const index = window.mismatch(part, this.#at);
        if (index >= 0) return this.#at + index;
      } else if (part.offset !== this.#at) return this.#at;
      this.#at += part.length;
    }
    return this.#at === end ? undefined : Math.min(this.#at, end);
  }
}
