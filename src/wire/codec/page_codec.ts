import type { PagePacket } from "../multifd/codec_rules.ts";
import type { MultifdCompression } from "../multifd/constants.ts";

/**
 * Turns the payloads of one channel's packets into pages. zlib and zstd carry history from packet to packet, so each
 * channel needs a codec of its own, which must be given every packet of it, in order.
 */
export interface PageCodec {
  /** The compression method. */
  readonly method: MultifdCompression;
  /**
   * The pages with content of one packet, one after the other: `normalPages` × page size bytes, never more. `payload`
   * must not change before the result is there. Throws, or rejects with, a {@linkcode WireError} for a packet that QEMU
   * refuses (multifd.md §4a.2). For zlib and zstd the channel is then lost: all later packets are refused as well.
   */
  inflate(packet: PagePacket, payload: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** Frees what the codec holds. */
  close(): void;
}

/** A {@linkcode PageCodec} that gives pages at once. Only zstd cannot. */
export interface SyncPageCodec extends PageCodec {
  /** The pages with content of one packet, one after the other. */
  inflate(packet: PagePacket, payload: Uint8Array): Uint8Array;
}
