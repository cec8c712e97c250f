/** Captures with some bytes changed, for the tests of this folder. @module */

import type { ByteSource, Capture } from "../../capture/mod.ts";

/** A change of one byte of a channel. */
export interface Patch {
  /** The channel's own label: its file's name. */
  readonly channel: string;
  /** Which byte. */
  readonly offset: number;
  /** Bits that are turned over. */
  readonly bits: number;
}

/** The capture with bytes changed; it closes the original. */
export function patched(capture: Capture, patches: readonly Patch[]): Capture {
  return {
    ...capture,
    channels: capture.channels.map((channel) => {
      const own = patches.filter((patch) => patch.channel === channel.label);
      return channel.source === undefined || own.length === 0
        ? channel
        : { ...channel, source: patchedSource(channel.source, own) };
    }),
  };
}

function patchedSource(source: ByteSource, patches: readonly Patch[]): ByteSource {
  return {
    size: source.size,
    readAt(from, into): number {
      const count = source.readAt(from, into);
      for (const { offset, bits } of patches) {
        const at = offset - from;
        if (at >= 0 && at < count) into[at] = (into[at] ?? 0) ^ bits;
      }
      return count;
    },
    close: (): void => source.close(),
  };
}
