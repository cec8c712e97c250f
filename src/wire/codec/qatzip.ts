import { gunzipSync } from "node:zlib";
import type { PagePacket } from "../multifd/codec_rules.ts";
import { inflating, type PacketGate } from "./packet_gate.ts";

/** qatzip: one or more gzip members, which carry a length of QAT's own in their extra field. */
export function inflateGzip(gate: PacketGate, packet: PagePacket, payload: Uint8Array, size: number): Uint8Array {
  gate.needWhole(packet, payload, packet.nextPacketSize);
  const pages = inflating(
    () => gunzipSync(payload, { chunkSize: size, maxOutputLength: size }),
    (error) =>
      gate.refuse(packet, {
        code: "codec-data",
        message: `is damaged: ${error.message}`,
        qemu: "qzDecompress failed",
      }),
  );
  gate.needSize(packet, pages.length, size);
  return pages;
}
