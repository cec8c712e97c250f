import { concat } from "@std/bytes";
import type { AnyRecord } from "../main_channel.ts";
import type { ReadBack } from "./judge.ts";

/** A record, and the channel that it is on. */
export interface Place {
  /** Label of the channel. */
  readonly label: string;
  /** The record, with any field that one may have. */
  readonly record: AnyRecord;
}

/** The channels of a migration, to be damaged. Records are those of the whole channel: one change for each channel. */
export class Damage {
  readonly #channels: ReadBack[];

  /** Whole channels; they stay as they are. */
  constructor(channels: readonly ReadBack[]) {
    this.#channels = [...channels];
  }

  /** The channels as they are now, the main channel first. */
  get bytes(): Uint8Array[] {
    return this.#channels.map(({ bytes }) => bytes);
  }

  /**
   * The first record of a kind of which `suits` is true.
   *
   * @param channel Label of the channel, or the beginning of it: which of the multifd channels carries what is chance.
   */
  find(channel: string, kind: string, suits: (record: Place["record"]) => boolean = () => true): Place {
    for (const { label, records } of this.#channels.filter((candidate) => candidate.label.startsWith(channel))) {
      const record = records.find((candidate) => candidate.kind === kind && suits(candidate));
      if (record !== undefined) return { label, record };
    }
    throw new Error(`there is no ${kind} on ${channel} to be damaged`);
  }

  /** The record behind another one. */
  behind({ label, record: { offset, length } }: Place): Place {
    return this.find(label, "section-footer", (record) => record.offset === offset + length);
  }

  /** Writes `bytes` over what is `at` bytes behind the beginning of the record. */
  put({ label, record }: Place, at: number, ...bytes: readonly number[]): void {
    this.#change(label, (whole) => {
      const changed = whole.slice();
      changed.set(bytes, record.offset + at);
      return changed;
    });
  }

  /** Puts `bytes` before the record. */
  insert({ label, record }: Place, ...bytes: readonly number[]): void {
    this.#change(
      label,
      (whole) => concat([whole.subarray(0, record.offset), Uint8Array.from(bytes), whole.subarray(record.offset)]),
    );
  }

  /** Ends the channel `at` bytes behind the beginning of the record. */
  cut({ label, record }: Place, at: number): void {
    this.#change(label, (whole) => whole.subarray(0, record.offset + at));
  }

  #change(label: string, change: (whole: Uint8Array) => Uint8Array): void {
    const at = this.#channels.findIndex((channel) => channel.label === label);
    const channel = this.#channels[at];
    if (channel !== undefined) this.#channels[at] = { ...channel, bytes: change(channel.bytes) };
  }
}
