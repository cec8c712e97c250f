import { ChannelParser, MainGrammar } from "../stream/mod.ts";
import { type CaptureChannel, firstBytes } from "./capture.ts";

/** The configuration is at the start, and has some hundred bytes. */
const START_BYTES = 64 * 1024;

/** Whether a channel is a mapped-ram file: its configuration says so (main-channel.md §12). */
export function isMappedRam(channel: CaptureChannel): boolean {
  const grammar = new MainGrammar();
  new ChannelParser(grammar).push(firstBytes(channel, START_BYTES));
  return grammar.state.capabilities.has("mapped-ram");
}
