/** The page codecs of multifd channels: payload of a packet to pages. @module */
export { createPageCodec } from "./codec/create_page_codec.ts";
export type { PageCodecOptions } from "./codec/packet_gate.ts";
export type { PageCodec, SyncPageCodec } from "./codec/page_codec.ts";
