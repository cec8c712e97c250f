import { inflateRawSync, inflateSync } from "node:zlib";
import type { PagePacket } from "../multifd/codec_rules.ts";
import { inflating, isTooMuch, type PacketGate, type ZlibError } from "./packet_gate.ts";

/**
 * qpl and uadk: a length word for each page, then the pages, each compressed by itself, or stored if its length is that
 * of a page. qpl makes raw DEFLATE (RFC 1951), uadk zlib streams (RFC 1950).
 */
export function inflateEachPage(
  gate: PacketGate,
  packet: PagePacket,
  payload: Uint8Array,
  size: number,
): Uint8Array {
  const lengths = readLengths(gate, packet, payload);
  gate.needWhole(packet, payload, packet.nextPacketSize);
  const pages = new Uint8Array(size);
  let from = 4 * lengths.length;
  for (const [index, length] of lengths.entries()) {
    const body = payload.subarray(from, from + length);
    pages.set(length === gate.pageSize ? body : inflatePage(gate, packet, body, index), index * gate.pageSize);
    from += length;
  }
  return pages;
}

/** The length words, each checked, and their sum with the packet's length. */
function readLengths(gate: PacketGate, packet: PagePacket, payload: Uint8Array): number[] {
  const { normalPages, nextPacketSize } = packet;
  const wordsLength = 4 * normalPages;
  if (payload.length < wordsLength) gate.needWhole(packet, payload, nextPacketSize);
  const words = new DataView(payload.buffer, payload.byteOffset, wordsLength);
  const lengths: number[] = [];
  let sum = 0;
  for (let index = 0; index < normalPages; index++) {
    const length = words.getUint32(4 * index);
    if (length > gate.pageSize) {
      gate.refuse(packet, {
        code: "codec-length",
        message: `page ${index} takes ${length} bytes, more than a page`,
        qemu: `page ${index} compressed len ${length} too large`,
      });
    }
    lengths.push(length);
    sum += length;
  }
  if (wordsLength + sum !== nextPacketSize) {
    gate.refuse(packet, {
      code: "codec-length",
      message: `nextPacketSize is ${nextPacketSize}, length words and pages take ${wordsLength + sum}`,
      qemu: `packet size ${nextPacketSize} != header ${wordsLength} + data ${sum}`,
    });
  }
  return lengths;
}

function inflatePage(gate: PacketGate, packet: PagePacket, body: Uint8Array, index: number): Uint8Array {
  const isQpl = gate.method === "qpl";
  const options = { chunkSize: gate.pageSize, maxOutputLength: gate.pageSize };
  const page = inflating(
    () => isQpl ? inflateRawSync(body, options) : inflateSync(body, options),
    (error) => refusePage(gate, packet, index, error),
  );
  if (page.length === gate.pageSize) return page;
  return gate.refuse(packet, {
    code: "codec-short",
    message: `page ${index} decompresses to only ${page.length} bytes`,
    qemu: isQpl ? `qpl decompressed len ${page.length}, expected len ${gate.pageSize}` : "decompressed length error",
    bare: isQpl,
  });
}

/** QEMU's texts have the numbers of its accelerator libraries, which the bytes do not tell. */
function refusePage(gate: PacketGate, packet: PagePacket, index: number, error: ZlibError): never {
  const isQpl = gate.method === "qpl";
  return gate.refuse(packet, {
    code: isTooMuch(error) ? "codec-output" : "codec-data",
    message: isTooMuch(error)
      ? `page ${index} decompresses to more than a page`
      : `page ${index} is damaged: ${error.message}`,
    qemu: isQpl ? "qpl job failed with error %d" : "failed decompression, ret %d status %d",
    bare: isQpl,
  });
}
