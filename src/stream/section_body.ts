import type { ChannelReader } from "./channel_reader.ts";

/** The grammar of one section's body. */
export interface SectionBody {
  /** Reads one record; true when the body is complete with it. */
  step(reader: ChannelReader): boolean;
  /** What comes next, for people. */
  readonly expecting: string;
}
