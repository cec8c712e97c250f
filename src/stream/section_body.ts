import type { ChannelReader } from "./channel_reader.ts";

/** The grammar of one section's body. */
export interface SectionBody {
  /** Reads one record; true when the body is complete with it. */
  step(reader: ChannelReader): boolean;
  /** What comes next, for people. */
  readonly expecting: string;
  /**
   * What the newest QEMU says of a channel that ends after `begun` of the next record; null where it cannot be known.
   * Without this it is no more than that the input failed.
   */
  qemuAtCut?(begun: Uint8Array): string | null;
}
