/** What must hold of the readers that take bytes by themselves, given anything. @module */

import { equals } from "@std/bytes";
import { createPageCodec } from "../../src/wire/codec.ts";
import {
  decodeDeviceBody,
  encodeDeviceBody,
  type MultifdCompression,
  type PagePacket,
  parseConfigPacket,
  type VfioConfigPacket,
  vfioConfigPacket,
  type VmsdDescription,
  WireError,
} from "../../src/wire/mod.ts";

/** A device's body is taken apart without an exception, and put together again. */
export function checkDeviceBody(bytes: Uint8Array, description: VmsdDescription): void {
  const body = decodeDeviceBody(bytes, description);
  if (!equals(encodeDeviceBody(body), bytes)) throw new Error("the body is written differently");
}

/** A config is read, and written again, or refused. */
export function checkConfig(bytes: Uint8Array): void {
  let packet: VfioConfigPacket;
  try {
    packet = parseConfigPacket(bytes);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return;
  }
  if (!equals(vfioConfigPacket.encode(packet), bytes)) throw new Error("the config is written differently");
}

/** Payloads of one channel are inflated to as many pages as their headers say, or refused. */
export async function checkCodec(
  method: MultifdCompression,
  packets: readonly { readonly packet: PagePacket; readonly payload: Uint8Array }[],
): Promise<void> {
  const pageSize = 4096;
  const codec = createPageCodec(method, pageSize);
  try {
    for (const { packet, payload } of packets) {
      const pages = await codec.inflate(packet, payload);
      if (pages.length !== packet.normalPages * pageSize) throw new Error(`${pages.length} bytes of pages`);
    }
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
  } finally {
    codec.close();
  }
}
