/** Deals the packets of multifd channels anew: to another number of channels, in another order. @module */
export { deal, type DealOptions, REPACKED_LIMIT } from "./deal.ts";
export { DealError, type DealErrorCode } from "./deal_error.ts";
export { placeDevicePackets } from "./device_packets.ts";
export { withUuid } from "./initial_packet.ts";
export { itemBytes } from "./item_bytes.ts";
export { laneParts } from "./lane_parts.ts";
