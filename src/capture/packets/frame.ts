/**
 * Ethernet frames with a TCP segment in them, made up around bytes that came without.
 *
 * @module
 */

/** One end of a connection. */
export interface Endpoint {
  /** Ethernet address, 6 bytes. */
  readonly mac: Uint8Array;
  /** IPv4 address, 4 bytes. */
  readonly ip: Uint8Array;
  /** TCP port. */
  readonly port: number;
}

/** Flags of a TCP segment (RFC 9293 §3.1). */
export const TCP = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 } as const;

/** A TCP segment. */
export interface Segment {
  /** Who sends it. */
  readonly from: Endpoint;
  /** Who receives it. */
  readonly to: Endpoint;
  /** Bits of {@linkcode TCP}. */
  readonly flags: number;
  /** Number of its first byte, modulo 2^32. */
  readonly sequence: number;
  /** Number of the byte that is expected next, modulo 2^32; 0 without the flag. */
  readonly acknowledged: number;
  /** With `syn`: the largest segment that is taken, bytes. */
  readonly mss?: number;
  /** What it carries. */
  readonly payload: Uint8Array;
  /** Number of the IP packet, modulo 2^16. */
  readonly identification: number;
}

const ETHERNET_BYTES = 14;
const IP_BYTES = 20;
const TCP_BYTES = 20;

/** Maximum segment size and window scale, with what fills the header up to a multiple of 4 bytes. */
const SYN_OPTIONS_BYTES = 8;
const WINDOW_SCALE = 7;

/** An IPv4 packet has at most 65,535 bytes. */
export const MAX_SEGMENT: number = 0xffff - IP_BYTES - TCP_BYTES;

/**
 * A segment as it would stand on an Ethernet, checksums included.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ethernetFrame, TCP } from "./frame.ts";
 *
 * const end = (last: number) => ({ mac: Uint8Array.of(2, 0, 0, 0, 0, last), ip: Uint8Array.of(192, 0, 2, last), port: 1 });
 * const frame = ethernetFrame({
 *   from: end(1), to: end(2), flags: TCP.ack, sequence: 7, acknowledged: 9, payload: Uint8Array.of(1), identification: 0,
 * });
 * assertEquals(frame.length, 14 + 20 + 20 + 1);
 * ```
 */
export function ethernetFrame(segment: Segment): Uint8Array {
  const { from, to, flags, sequence, acknowledged, mss, payload, identification } = segment;
  const tcpBytes = TCP_BYTES + (mss === undefined ? 0 : SYN_OPTIONS_BYTES);
  const frame = new Uint8Array(ETHERNET_BYTES + IP_BYTES + tcpBytes + payload.length);
  const view = new DataView(frame.buffer);
  frame.set(to.mac, 0);
  frame.set(from.mac, 6);
  view.setUint16(12, 0x0800);

  const ip = ETHERNET_BYTES;
  view.setUint16(ip, 0x4500);
  view.setUint16(ip + 2, frame.length - ip);
  view.setUint16(ip + 4, identification);
  // Must not be fragmented; time to live; TCP.
  view.setUint16(ip + 6, 0x4000);
  view.setUint16(ip + 8, 64 << 8 | 6);
  frame.set(from.ip, ip + 12);
  frame.set(to.ip, ip + 16);
  view.setUint16(ip + 10, checksum(frame.subarray(ip, ip + IP_BYTES), 0));

  const tcp = ip + IP_BYTES;
  view.setUint16(tcp, from.port);
  view.setUint16(tcp + 2, to.port);
  view.setUint32(tcp + 4, sequence);
  view.setUint32(tcp + 8, acknowledged);
  view.setUint16(tcp + 12, (tcpBytes / 4) << 12 | flags);
  view.setUint16(tcp + 14, 0xffff);
  if (mss !== undefined) {
    view.setUint32(tcp + 20, 0x0204_0000 | mss);
    view.setUint32(tcp + 24, 0x0103_0300 | WINDOW_SCALE);
  }
  frame.set(payload, tcp + tcpBytes);
  // The pseudo header: addresses, protocol, length.
  const length = frame.length - tcp;
  view.setUint16(tcp + 16, checksum(frame.subarray(tcp), sum(frame.subarray(ip + 12, ip + 20)) + 6 + length));
  return frame;
}

/** The Internet checksum (RFC 1071) of `bytes` and what was summed before. */
function checksum(bytes: Uint8Array, before: number): number {
  let total = before + sum(bytes);
  while (total > 0xffff) total = (total & 0xffff) + Math.floor(total / 0x10000);
  return ~total & 0xffff;
}

/** Sum of the 16-bit words; of 64 KiB it stays far below 2^31. */
function sum(bytes: Uint8Array): number {
  const even = bytes.length & ~1;
  let total = 0;
  for (let i = 0; i < even; i += 2) total += (bytes[i] ?? 0) << 8 | (bytes[i + 1] ?? 0);
  return even === bytes.length ? total : total + ((bytes[even] ?? 0) << 8);
}
