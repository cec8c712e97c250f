import type { PagePacket } from "../multifd/codec_rules.ts";
import type { MultifdCompression } from "../multifd/constants.ts";
import { inflateEachPage } from "./each_page.ts";
import { PacketGate, type PageCodecOptions } from "./packet_gate.ts";
import type { PageCodec, SyncPageCodec } from "./page_codec.ts";
import { inflateGzip } from "./qatzip.ts";
import { ZlibCodec } from "./zlib.ts";
import { ZstdCodec } from "./zstd.ts";

/**
 * Decompresses the payloads of one multifd channel, packet after packet (multifd.md §4a).
 *
 * Error codes: `normal`, `truncated`, `codec-size`, `codec-empty`, `codec-length` (by the header), `codec-short`,
 * `codec-output`, `codec-data` (by the payload); `inflate()` throws them as `WireError`.
 *
 * @param method How the channel is compressed; zlib and zstd keep state from packet to packet.
 * @param pageSize Target page size in bytes.
 * @param options Whose errors they are.
 * @returns A codec, to be closed in the end.
 * @throws {RangeError} If no target has such pages.
 *
 * @example Pages that are not compressed
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createPageCodec } from "@migwire/migwire/stream";
 *
 * const codec = createPageCodec("none", 4096);
 * const packet = { normalPages: 1, zeroPages: 0, nextPacketSize: 4096 };
 * assertEquals(codec.inflate(packet, new Uint8Array(4096).fill(7))[0], 7);
 * codec.close();
 * ```
 *
 * @example Any method
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { deflateSync, constants } from "node:zlib";
 * import { createPageCodec } from "@migwire/migwire/stream";
 * import type { MultifdCompression } from "@migwire/migwire/wire";
 *
 * const method: MultifdCompression = "zlib";
 * const codec = createPageCodec(method, 4096);
 * const payload = deflateSync(new Uint8Array(4096).fill(7), { finishFlush: constants.Z_SYNC_FLUSH });
 * const packet = { normalPages: 1, zeroPages: 0, nextPacketSize: payload.length };
 * assertEquals((await codec.inflate(packet, payload)).length, 4096);
 * codec.close();
 * ```
 */
export function createPageCodec(
  method: Exclude<MultifdCompression, "zstd">,
  pageSize: number,
  options?: PageCodecOptions,
): SyncPageCodec;
/** A codec of a method that is known only when the program runs. */
export function createPageCodec(method: MultifdCompression, pageSize: number, options?: PageCodecOptions): PageCodec;
export function createPageCodec(
  method: MultifdCompression,
  pageSize: number,
  options: PageCodecOptions = {},
): PageCodec {
  const gate = new PacketGate(method, pageSize, options);
  switch (method) {
    case "zstd":
      return new ZstdCodec(gate);
    case "zlib":
      return new ZlibCodec(gate);
    case "qatzip":
      return withoutState(gate, (packet, payload, size) => inflateGzip(gate, packet, payload, size));
    case "qpl":
    case "uadk":
      return withoutState(gate, (packet, payload, size) => inflateEachPage(gate, packet, payload, size));
    case "none":
      return withoutState(gate, (packet, payload, size) => {
        gate.needWhole(packet, payload, size);
        return payload;
      });
  }
}

/** A codec that takes each packet by itself. `inflate` gets those with pages, and how many bytes these take. */
function withoutState(
  gate: PacketGate,
  inflate: (packet: PagePacket, payload: Uint8Array, size: number) => Uint8Array,
): SyncPageCodec {
  return {
    method: gate.method,
    inflate(packet, payload): Uint8Array {
      const size = gate.enter(packet);
      return size === 0 ? new Uint8Array(0) : inflate(packet, payload, size);
    },
    close(): void {},
  };
}
