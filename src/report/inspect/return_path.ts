import type { BaseRecord, RpPongRecord, RpShutRecord } from "../../stream/mod.ts";
import type { ReturnPathSummary } from "./model.ts";

/** PONGs that are kept: a source sends a handful of PINGs. */
const PONG_LIMIT = 1000;

/** Adds up the messages of a return path. */
export class ReturnPathTally {
  readonly #label: string;
  readonly #messages = new Map<string, number>();
  readonly #pongs: number[] = [];
  #shut: number | null = null;

  /** A tally of the channel that is called `label`. */
  constructor(label: string) {
    this.#label = label;
  }

  /** Counts a record. */
  add(record: BaseRecord): void {
    if (!record.kind.startsWith("rp-")) return;
    this.#messages.set(record.kind, (this.#messages.get(record.kind) ?? 0) + 1);
    if (record.kind === "rp-shut") this.#shut = (record as RpShutRecord).value;
    if (record.kind === "rp-pong" && this.#pongs.length < PONG_LIMIT) this.#pongs.push((record as RpPongRecord).value);
  }

  /** The result. */
  summary(): ReturnPathSummary {
    return {
      label: this.#label,
      messages: Object.fromEntries(this.#messages),
      pongs: this.#pongs,
      shut: this.#shut,
    };
  }
}
