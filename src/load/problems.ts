import type { ReadChannel } from "../capture/values.ts";
import { type Finding, WireError } from "../wire/mod.ts";

/** Findings that are kept: a stream that is wrong everywhere needs no more to be told. */
const LIMIT = 1000;

/** What was noticed while a capture was loaded; what reading its channels tells is not in it. */
export class Problems {
  /** The findings. */
  readonly list: Finding[] = [];

  /** Notes a finding at `offset` in `channel`; most make a destination refuse the stream. */
  note(channel: ReadChannel, offset: number, finding: Omit<Finding, "severity" | "channel" | "offset">): void {
    this.#add({ severity: "error", channel: channel.label, offset, ...finding });
  }

  /** Notes what no destination minds. */
  warn(channel: ReadChannel, offset: number, finding: Omit<Finding, "severity" | "channel" | "offset">): void {
    this.#add({ severity: "warning", channel: channel.label, offset, ...finding });
  }

  /** Notes the finding that a `WireError` carries; throws anything else on. */
  take(error: unknown): void {
    if (!(error instanceof WireError)) throw error;
    this.#add(error.finding);
  }

  #add(finding: Finding): void {
    if (this.list.length < LIMIT) this.list.push(finding);
  }
}
