/** Packet captures: the migrations in pcap and pcapng files. @module */
export { openPackets, type PacketOptions } from "./open_packets.ts";
export { isPacketCapture } from "./scan.ts";
