import {
  type Decoder,
  MULTIFD_CODEC_BUFFER_SIZE,
  MULTIFD_MAGIC,
  MULTIFD_PAGE_SIZES,
  MULTIFD_VERSION,
  multifdPageCount,
  multifdPayloadLength,
  multifdRamHeaderLength,
} from "../wire/mod.ts";
import type { ChannelReader } from "./channel_reader.ts";

/** What the next packet begins with, if it stands where it should. */
const NEXT = Uint8Array.of(
  MULTIFD_MAGIC >>> 24,
  (MULTIFD_MAGIC >> 16) & 0xff,
  (MULTIFD_MAGIC >> 8) & 0xff,
  MULTIFD_MAGIC & 0xff,
  0,
  0,
  0,
  MULTIFD_VERSION,
);

/**
 * The page size of a channel, from its first RAM packet, which is the decoder's next: with the right one, another packet
 * or the end of input follows. Asks for up to that packet's length (at most 1 MiB and a bit) to see it. Where nothing
 * fits, as in a channel that was cut, the size that fills `pagesAlloc` as writers do, or else the most frequent one,
 * among those that are not refuted.
 */
export function probeMultifdPageSize(reader: ChannelReader): number {
  const { decoder } = reader;
  decoder.need(24);
  const packet = {
    flags: decoder.u32At(decoder.pos + 8),
    normalPages: decoder.u32At(decoder.pos + 16),
    nextPacketSize: decoder.u32At(decoder.pos + 20),
  };
  // By the place of the next packet, so that no more is asked for than it takes to decide.
  const candidates = MULTIFD_PAGE_SIZES
    .filter((pageSize) => packet.normalPages <= multifdPageCount(pageSize))
    .map((pageSize) => ({ pageSize, payload: multifdPayloadLength(packet, pageSize) }))
    .filter(({ payload }) => payload <= MULTIFD_CODEC_BUFFER_SIZE)
    .map(({ pageSize, payload }) => ({ pageSize, length: multifdRamHeaderLength(pageSize) + payload }))
    .sort((a, b) => a.length - b.length);
  const unseen: number[] = [];
  for (const { pageSize, length } of candidates) {
    if (!reader.ended) decoder.need(length + NEXT.length);
    if (decoder.available < length) unseen.push(pageSize);
    else if (isNext(decoder, decoder.pos + length)) return pageSize;
  }
  const pagesAlloc = decoder.u32At(decoder.pos + 12);
  const [mostFrequent = 4096] = MULTIFD_PAGE_SIZES;
  return unseen.find((pageSize) => multifdPageCount(pageSize) === pagesAlloc) ??
    MULTIFD_PAGE_SIZES.find((pageSize) => unseen.includes(pageSize)) ?? mostFrequent;
}

function isNext(decoder: Decoder, index: number): boolean {
  return NEXT.every((byte, i) => index + i >= decoder.end || decoder.bytes[index + i] === byte);
}
