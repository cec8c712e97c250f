import { RAM_SAVE_FLAG, SECTION_TYPES } from "../wire/mod.ts";
import type { ChannelReader } from "./channel_reader.ts";
import type { MigrationState } from "./migration_state.ts";

/** The most frequent size, taken where nothing fits. */
const USUAL = 0x1000;

/** Sizes that targets have, the likely ones first (main-channel.md §5.11). */
const CANDIDATES = [USUAL, 0x400, 0x2000, 0x4000, 0x10000, 0x100];

/** What is looked at after the page: a word, and the byte after it. */
const NEXT = 9;

const { PAGE, ZERO, EOS, CONTINUE, MULTIFD_FLUSH } = RAM_SAVE_FLAG;

/**
 * The target page size, from the first page of a stream that nothing before has told it for: with the right one, what
 * follows the page is a record of the same section. Where the channel ends too early to tell, the first size that is not
 * refuted.
 */
export function probePageSize(reader: ChannelReader, headerLength: number, state: MigrationState): number {
  const { decoder } = reader;
  const usedLengths = [...state.blocks.values()].map((block) => block.usedLength);
  const longest = usedLengths.length === 0 ? Number.MAX_SAFE_INTEGER : Math.max(...usedLengths);
  let possible: number | undefined;
  for (const size of CANDIDATES) {
    const at = decoder.pos + headerLength + size;
    if (!decoder.canPeek(headerLength + size + NEXT) && at + 8 > decoder.end) possible ??= size;
    else if (followsPage(reader, at, size, longest)) return size;
  }
  return possible ?? 0x1000;
}

function followsPage(reader: ChannelReader, at: number, size: number, longest: number): boolean {
  const { decoder } = reader;
  const low = decoder.u32At(at + 4);
  const flags = low & (size - 1);
  const offset = decoder.u32At(at) * 0x1_0000_0000 + (low - flags);
  if (flags === EOS && offset === 0) {
    return at + 8 >= decoder.end || decoder.bytes[at + 8] === SECTION_TYPES.FOOTER || (decoder.bytes[at + 8] ?? 0) <= 8;
  }
  if (flags === MULTIFD_FLUSH) return offset === 0;
  return [PAGE | CONTINUE, ZERO | CONTINUE, PAGE, ZERO].includes(flags) && offset < longest;
}
