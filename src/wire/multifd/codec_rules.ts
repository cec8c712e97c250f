import type { Fault } from "../fields.ts";
import { MULTIFD_CODEC_BUFFER_SIZE, type MultifdCompression } from "./constants.ts";

/** What a page codec goes by: counts of pages, and the length of the payload. */
export interface PagePacket {
  /** Pages with content. */
  readonly normalPages: number;
  /** Pages of zeros, which have no bytes in the payload. */
  readonly zeroPages: number;
  /** Length of the payload in bytes, as the header says. */
  readonly nextPacketSize: number;
  /** Channel offset of the packet, for errors. */
  readonly offset?: number;
}

/**
 * What is wrong with the header of a compressed packet before its payload is looked at (multifd.md §4a.2, the column of
 * QEMU 10.0.13). Codes: `codec-size`, `codec-empty`, `codec-length`.
 */
export function pageCodecFault(method: MultifdCompression, packet: PagePacket, channelId: number): Fault | undefined {
  const { normalPages, zeroPages, nextPacketSize } = packet;
  // QEMU does not call its codec for a packet without any page, nor looks at the length where nothing is compressed.
  if (method === "none" || normalPages + zeroPages === 0) return undefined;
  const who = `multifd ${channelId}:`;
  const inWords = method === "qpl" || method === "uadk";
  if (!inWords && method !== "qatzip" && nextPacketSize > MULTIFD_CODEC_BUFFER_SIZE) {
    return tooLarge(
      nextPacketSize,
      `${who} next_packet_size ${nextPacketSize} exceeds allocated ${MULTIFD_CODEC_BUFFER_SIZE}`,
    );
  }
  if (normalPages === 0) {
    if (nextPacketSize === 0) return undefined;
    return {
      code: "codec-empty",
      message: `is ${nextPacketSize}, but no page has content`,
      qemu: `${who} expected empty packet`,
    };
  }
  if (method === "qatzip" && nextPacketSize > MULTIFD_CODEC_BUFFER_SIZE) {
    return tooLarge(nextPacketSize, `${who} received unexpectedly large packet`);
  }
  const wordsLength = 4 * normalPages;
  if (inWords && wordsLength >= nextPacketSize) {
    return {
      code: "codec-length",
      message: `is ${nextPacketSize}, no more than the ${wordsLength} bytes of the length words`,
      qemu: `${who} header len ${wordsLength} >= packet size ${nextPacketSize}`,
    };
  }
  return undefined;
}

function tooLarge(nextPacketSize: number, qemu: string): Fault {
  return { code: "codec-size", message: `is ${nextPacketSize}, at most ${MULTIFD_CODEC_BUFFER_SIZE} are taken`, qemu };
}
