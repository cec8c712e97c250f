import type { CaptureChannel } from "./capture.ts";

/** Reads a channel from its start to its end, once, some bytes at a time. */
export class ChannelBytes {
  readonly #channel: CaptureChannel;
  #offset = 0;

  /** Reads `channel`. */
  constructor(channel: CaptureChannel) {
    this.#channel = channel;
  }

  /** Bytes that were read. */
  get offset(): number {
    return this.#offset;
  }

  /** Fills `into`; it gives fewer bytes only at the end of the channel. */
  fill(into: Uint8Array): Uint8Array {
    const { source, pipe } = this.#channel;
    let filled = 0;
    while (filled < into.length) {
      const rest = into.subarray(filled);
      const count = source === undefined ? pipe?.read(rest) : source.readAt(this.#offset, rest);
      if (!count) break;
      filled += count;
      this.#offset += count;
    }
    return into.subarray(0, filled);
  }
}
