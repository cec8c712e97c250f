/**
 * IP and TCP headers: what of a frame is data of a TCP connection (RFC 791, RFC 8200, RFC 9293). Checksums are not looked
 * at: with offload they are not there yet when the sender's packets are captured.
 *
 * @module
 */

import type { Frame } from "./frame.ts";
import { findIp, NO_LINK } from "./link_layer.ts";

/** Flags of a TCP header. */
export const TCP_FLAG = { FIN: 0x01, SYN: 0x02, RST: 0x04, ACK: 0x10 } as const;

/** A TCP segment. The same object is used for each. */
export interface TcpSegment {
  /** Addresses and ports of sender and receiver, a key for a map; see {@linkcode describeEndpoint}. */
  from: string;
  /** The same of the receiver. */
  to: string;
  /** Sequence number. */
  sequence: number;
  /** {@linkcode TCP_FLAG}s. */
  flags: number;
  /** Bytes of data that were sent. */
  length: number;
  /** Bytes of data that are in the file. */
  captured: number;
  /** Index of the first byte of data in the frame's bytes, and after the last that is in memory. */
  start: number;
  /** Index after the last byte of data that is in memory. */
  end: number;
  /** Place of the first byte of data in the file. */
  position: number;
}

/** What a frame holds. */
export type FrameContent =
  /** A TCP segment. */
  | "tcp"
  /** Something else, or too little to tell. */
  | "other"
  /** A part of an IP packet. */
  | "fragment"
  /** Of a link type that is not understood. */
  | "link-type";

const PROTOCOL = { HOP_BY_HOP: 0, TCP: 6, ROUTING: 43, FRAGMENT: 44, AUTHENTICATION: 51, OPTIONS: 60 } as const;

const IPV4_HEADER = 20;
const IPV6_HEADER = 40;
const TCP_HEADER = 20;

/** Headers after the one of IPv6 that are passed: RFC 8200 knows six. */
const EXTENSIONS_LIMIT = 16;

/** A segment without anything in it. */
export function emptySegment(): TcpSegment {
  return { from: "", to: "", sequence: 0, flags: 0, length: 0, captured: 0, start: 0, end: 0, position: 0 };
}

/** Reads the headers of a frame into `segment`, whose fields are of use if it is `tcp`. */
export function readSegment(frame: Frame, segment: TcpSegment): FrameContent {
  const ip = findIp(frame);
  if (ip < 0) return ip === NO_LINK ? "link-type" : "other";
  return frame.view.getUint8(ip) >> 4 === 4 ? readIpv4(frame, ip, segment) : readIpv6(frame, ip, segment);
}

function readIpv4(frame: Frame, ip: number, segment: TcpSegment): FrameContent {
  const { view, start, end, length } = frame;
  if (ip + IPV4_HEADER > end) return "other";
  const header = (view.getUint8(ip) & 0x0f) * 4;
  if (header < IPV4_HEADER) return "other";
  // More fragments, or an offset.
  if ((view.getUint16(ip + 6) & 0x3fff) !== 0) return "fragment";
  if (view.getUint8(ip + 9) !== PROTOCOL.TCP) return "other";
  const onWire = start + length;
  // 0 where the interface was to cut the packet into smaller ones: then it is as long as the frame.
  const total = view.getUint16(ip + 2) || onWire - ip;
  return readTcp(frame, ip + header, Math.min(ip + total, onWire), ip + 12, 4, segment);
}

function readIpv6(frame: Frame, ip: number, segment: TcpSegment): FrameContent {
  const { view, start, end, length } = frame;
  if (ip + IPV6_HEADER > end) return "other";
  const onWire = start + length;
  const payload = view.getUint16(ip + 4) || onWire - ip - IPV6_HEADER;
  let protocol = view.getUint8(ip + 6);
  let at = ip + IPV6_HEADER;
  for (let i = 0; i < EXTENSIONS_LIMIT && protocol !== PROTOCOL.TCP; i++) {
    if (at + 8 > end) return "other";
    const next = view.getUint8(at);
    const size = view.getUint8(at + 1);
    if (protocol === PROTOCOL.FRAGMENT) {
      // One that is alone is whole.
      if ((view.getUint16(at + 2) & 0xfff9) !== 0) return "fragment";
      at += 8;
    } else if (protocol === PROTOCOL.AUTHENTICATION) at += (size + 2) * 4;
    else if (
      protocol === PROTOCOL.HOP_BY_HOP || protocol === PROTOCOL.ROUTING || protocol === PROTOCOL.OPTIONS
    ) at += (size + 1) * 8;
    else return "other";
    protocol = next;
  }
  if (protocol !== PROTOCOL.TCP) return "other";
  return readTcp(frame, at, Math.min(ip + IPV6_HEADER + payload, onWire), ip + 8, 16, segment);
}

/** The header at `tcp` of a packet that ends at `ipEnd`; two addresses of `size` bytes are at `addresses`. */
function readTcp(
  frame: Frame,
  tcp: number,
  ipEnd: number,
  addresses: number,
  size: number,
  segment: TcpSegment,
): FrameContent {
  const { view, start, end, captured, position } = frame;
  if (tcp + TCP_HEADER > Math.min(end, ipEnd)) return "other";
  const header = (view.getUint8(tcp + 12) >> 4) * 4;
  const data = tcp + header;
  if (header < TCP_HEADER || data > ipEnd) return "other";
  segment.from = endpoint(view, addresses, size, tcp);
  segment.to = endpoint(view, addresses + size, size, tcp + 2);
  segment.sequence = view.getUint32(tcp + 4);
  segment.flags = view.getUint8(tcp + 13);
  segment.length = ipEnd - data;
  segment.captured = Math.max(0, Math.min(segment.length, start + captured - data));
  segment.start = data;
  segment.end = Math.max(data, Math.min(end, data + segment.captured));
  segment.position = position + data - start;
  return "tcp";
}

/** Address and port, two bytes a character: quick to make, and a key that no sender can make collide. */
function endpoint(view: DataView, address: number, size: number, port: number): string {
  const u16 = (at: number): number => view.getUint16(at);
  if (size === 4) return String.fromCharCode(u16(address), u16(address + 2), u16(port));
  return String.fromCharCode(
    u16(address),
    u16(address + 2),
    u16(address + 4),
    u16(address + 6),
    u16(address + 8),
    u16(address + 10),
    u16(address + 12),
    u16(address + 14),
    u16(port),
  );
}

/** The address of an endpoint, for people. */
export function addressOf(endpoint: string): string {
  const words = Array.from({ length: endpoint.length - 1 }, (_, i) => endpoint.charCodeAt(i));
  if (words.length === 2) return words.flatMap((word) => [word >> 8, word & 0xff]).join(".");
  return shorten(words);
}

/** An endpoint as people write it: `192.0.2.1:4444`, `[2001:db8::1]:4444`. */
export function describeEndpoint(endpoint: string): string {
  const address = addressOf(endpoint);
  const port = endpoint.charCodeAt(endpoint.length - 1);
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** RFC 5952: the longest run of zeros, of two words or more, is left out. */
function shorten(words: readonly number[]): string {
  let best = { at: 0, length: 1 };
  for (let at = 0; at < words.length; at++) {
    let length = 0;
    while (words[at + length] === 0) length++;
    if (length > best.length) best = { at, length };
  }
  const text = (list: readonly number[]): string => list.map((word) => word.toString(16)).join(":");
  if (best.length < 2) return text(words);
  return `${text(words.slice(0, best.at))}::${text(words.slice(best.at + best.length))}`;
}
