/** The structures of multifd channels: initial packet, RAM packet, device-state packet. @module */
export { pageCodecFault, type PagePacket } from "./multifd/codec_rules.ts";
export * from "./multifd/constants.ts";
export { type MultifdContext, type MultifdSection, qemuIsBefore } from "./multifd/context.ts";
export { type DeviceStateHeader, deviceStateHeader } from "./multifd/device_state.ts";
export { channelIdWords, formatUuid, type MultifdInit, multifdInit } from "./multifd/init.ts";
export { type MultifdPacketStart, multifdPacketStart } from "./multifd/packet_start.ts";
export type { PageOffsets } from "./multifd/page_offsets.ts";
export { isPureSync, multifdBlockName, multifdPayloadLength, type MultifdRamHeader } from "./multifd/ram_header.ts";
export { multifdRamHeader } from "./multifd/ram_packet.ts";
