/**
 * Builds packet captures, written by hand from the formats' descriptions: link layers, IP, TCP, and the files pcap and
 * pcapng around them.
 *
 * @module
 */

import { concat } from "@std/bytes";
import { be, bytesOf, type Piece } from "./main_stream.ts";

/** Address, as bytes, and port. */
export interface Endpoint {
  readonly address: readonly number[];
  readonly port: number;
}

/** The source of most examples. */
export const SOURCE: Endpoint = { address: [192, 0, 2, 1], port: 50000 };
/** The destination of most examples. */
export const TARGET: Endpoint = { address: [192, 0, 2, 2], port: 4444 };
/** The same with IPv6. */
export const SOURCE6: Endpoint = { address: [0x20, 1, 0x0d, 0xb8, ...new Array(11).fill(0), 1], port: 50000 };
/** The same with IPv6. */
export const TARGET6: Endpoint = { address: [0x20, 1, 0x0d, 0xb8, ...new Array(11).fill(0), 2], port: 4444 };

/** Flags of a TCP header. */
export const FLAG = { FIN: 1, SYN: 2, RST: 4, ACK: 16 } as const;

/** A TCP segment and what is around it. */
export interface Packet {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly sequence: number;
  readonly flags?: number;
  readonly data?: Uint8Array;
  /** Bytes of TCP options. */
  readonly options?: number;
  /** IP says 0 for its length, as with segmentation offload. */
  readonly offload?: boolean;
  /** IPv4: the word with fragment flags and offset. */
  readonly fragment?: number;
  /** IPv6: headers between IP and TCP: the number of each, and its bytes from the second on. */
  readonly extensions?: readonly (readonly [number, Piece])[];
  /** Bytes after the IP packet: what Ethernet fills short frames with. */
  readonly padding?: number;
}

/** The IP packet. */
export function ipPacket(packet: Packet): Uint8Array {
  const { from, to, sequence, flags = FLAG.ACK, data = new Uint8Array(0), options = 0 } = packet;
  const tcp = bytesOf(
    be(from.port, 2),
    be(to.port, 2),
    be(sequence >>> 0, 4),
    be(1, 4),
    (5 + options / 4) << 4,
    flags,
    be(65535, 2),
    be(0, 4),
    new Uint8Array(options).fill(1),
    data,
  );
  const addresses = bytesOf(from.address, to.address);
  if (from.address.length === 4) {
    const length = packet.offload ? 0 : 20 + tcp.length;
    const { fragment = 0x4000 } = packet;
    return bytesOf(0x45, 0, be(length, 2), be(0, 2), be(fragment, 2), 64, 6, be(0, 2), addresses, tcp);
  }
  const extensions = packet.extensions ?? [];
  const chain = extensions.map(([, rest], i) => bytesOf(extensions[i + 1]?.[0] ?? 6, rest));
  const payload = bytesOf(chain, tcp);
  return bytesOf(
    be(0x60000000, 4),
    be(packet.offload ? 0 : payload.length, 2),
    extensions[0]?.[0] ?? 6,
    64,
    addresses,
    payload,
  );
}

/** Link layers: number, and what stands before an IP packet of a version. */
export const LINKS: { readonly [name: string]: { type: number; header(version: 4 | 6): Uint8Array } } = {
  ethernet: { type: 1, header: (version) => bytesOf(new Uint8Array(12), etherType(version)) },
  vlan: { type: 1, header: (version) => bytesOf(new Uint8Array(12), be(0x8100, 2), be(7, 2), etherType(version)) },
  qinq: {
    type: 1,
    header: (version) =>
      bytesOf(new Uint8Array(12), be(0x88a8, 2), be(7, 2), be(0x8100, 2), be(9, 2), etherType(version)),
  },
  null: { type: 0, header: (version) => bytesOf(version === 4 ? 2 : 30, be(0, 3)) },
  loop: { type: 108, header: (version) => be(version === 4 ? 2 : 30, 4) },
  raw: { type: 101, header: () => new Uint8Array(0) },
  rawBsd: { type: 12, header: () => new Uint8Array(0) },
  ip: { type: 228, header: () => new Uint8Array(0) },
  sll: { type: 113, header: (version) => bytesOf(new Uint8Array(14), etherType(version)) },
  sllVlan: {
    type: 113,
    header: (version) => bytesOf(new Uint8Array(14), be(0x8100, 2), be(7, 2), etherType(version)),
  },
  sll2: { type: 276, header: (version) => bytesOf(etherType(version), new Uint8Array(18)) },
};

function etherType(version: 4 | 6): Uint8Array {
  return be(version === 4 ? 0x0800 : 0x86dd, 2);
}

/** A frame of a file. */
export interface FileFrame {
  readonly bytes: Uint8Array;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  /** Bytes that are in the file; all if absent. */
  readonly captured?: number;
  /** pcapng: number of the interface. */
  readonly from?: number;
}

/** Packets as frames of a link layer, each a microsecond after the one before. */
export function framesOf(packets: readonly Packet[], link = "ethernet", captured = Infinity): FileFrame[] {
  return packets.map((packet, i) => {
    const header = LINKS[link]?.header(packet.from.address.length === 4 ? 4 : 6) ?? new Uint8Array(0);
    const bytes = concat([header, ipPacket(packet), new Uint8Array(packet.padding ?? 0)]);
    return { bytes, time: START + BigInt(i) * 1000n, captured: Math.min(bytes.length, captured) };
  });
}

/** When the first frame is. */
export const START = 1_700_000_000_000_000_000n;

/** How a file is written. */
export interface FileOptions {
  readonly little?: boolean;
  /** Times in nanoseconds, not microseconds. */
  readonly nanoseconds?: boolean;
  /** Number of the link layer. */
  readonly linkType?: number;
}

/** A file of the format pcap. */
export function pcapFile(frames: readonly FileFrame[], options: FileOptions = {}): Uint8Array {
  const { little = true, nanoseconds = false, linkType = 1 } = options;
  const n = (value: number | bigint, bytes: number): Uint8Array => ordered(value, bytes, little);
  const magic = nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const header = bytesOf(n(magic, 4), n(2, 2), n(4, 2), n(0, 8), n(262144, 4), n(linkType, 4));
  const body = frames.map(({ bytes, time, captured = bytes.length }) => {
    const fraction = time % 1_000_000_000n;
    return bytesOf(
      n(time / 1_000_000_000n, 4),
      n(nanoseconds ? fraction : fraction / 1000n, 4),
      n(captured, 4),
      n(bytes.length, 4),
      bytes.subarray(0, captured),
    );
  });
  return concat([header, ...body]);
}

/** An interface of a pcapng file. */
export interface Interface {
  readonly linkType: number;
  readonly snapLength?: number;
  /** Option `if_tsresol`. */
  readonly resolution?: number;
  /** Option `if_tsoffset`, seconds. */
  readonly offset?: bigint;
}

/** Writes blocks of a pcapng section. */
export class NgSection {
  readonly #little: boolean;
  readonly #interfaces: Interface[] = [];
  readonly #blocks: Uint8Array[] = [];

  /** A section, with its header. */
  constructor(little = true) {
    this.#little = little;
    this.block(0x0a0d0d0a, this.n(0x1a2b3c4d, 4), this.n(1, 2), this.n(0, 2), this.n(0xffffffffffffffffn, 8));
  }

  /** A number in the section's byte order. */
  n(value: number | bigint, bytes: number): Uint8Array {
    return ordered(value, bytes, this.#little);
  }

  /** Any block. */
  block(type: number, ...body: readonly Piece[]): this {
    const bytes = padded(bytesOf(body));
    this.#blocks.push(bytesOf(this.n(type, 4), this.n(bytes.length + 12, 4), bytes, this.n(bytes.length + 12, 4)));
    return this;
  }

  /** An interface, with a name before the options that matter. */
  interface(described: Interface): this {
    const { linkType, snapLength = 0, resolution, offset } = described;
    this.#interfaces.push(described);
    return this.block(
      1,
      this.n(linkType, 2),
      this.n(0, 2),
      this.n(snapLength, 4),
      this.option(2, bytesOf(...new TextEncoder().encode("eth0:1"))),
      resolution === undefined ? [] : this.option(9, Uint8Array.of(resolution)),
      offset === undefined ? [] : this.option(14, this.n(BigInt.asUintN(64, offset), 8)),
      this.option(0, new Uint8Array(0)),
    );
  }

  /** An option. */
  option(code: number, value: Uint8Array): Uint8Array {
    return bytesOf(this.n(code, 2), this.n(value.length, 2), padded(value));
  }

  /** An enhanced packet block, with a comment after it. */
  enhanced({ bytes, time, captured = bytes.length, from = 0 }: FileFrame): this {
    return this.block(
      6,
      this.n(from, 4),
      this.#time(time, from),
      this.n(captured, 4),
      this.n(bytes.length, 4),
      padded(bytes.subarray(0, captured)),
      this.option(1, Uint8Array.of(0x68, 0x69)),
      this.option(0, new Uint8Array(0)),
    );
  }

  /** A simple packet block. */
  simple({ bytes, captured = bytes.length }: FileFrame): this {
    return this.block(3, this.n(bytes.length, 4), bytes.subarray(0, captured));
  }

  /** The obsolete packet block. */
  obsolete({ bytes, time, captured = bytes.length, from = 0 }: FileFrame): this {
    return this.block(
      2,
      this.n(from, 2),
      this.n(0, 2),
      this.#time(time, from),
      this.n(captured, 4),
      this.n(bytes.length, 4),
      bytes.subarray(0, captured),
    );
  }

  /** All blocks. */
  get bytes(): Uint8Array {
    return concat(this.#blocks);
  }

  #time(time: bigint, from: number): Uint8Array {
    const { resolution = 6, offset = 0n } = this.#interfaces[from] ?? { linkType: 1 };
    const power = BigInt(resolution & 0x7f);
    const perSecond = resolution & 0x80 ? 2n ** power : 10n ** power;
    const units = (time - offset * 1_000_000_000n) * perSecond / 1_000_000_000n;
    return bytesOf(this.n(units >> 32n, 4), this.n(units & 0xffffffffn, 4));
  }
}

function padded(bytes: Uint8Array): Uint8Array {
  return concat([bytes, new Uint8Array((4 - bytes.length % 4) % 4)]);
}

function ordered(value: number | bigint, bytes: number, little: boolean): Uint8Array {
  return little ? be(value, bytes).reverse() : be(value, bytes);
}

/** How {@linkcode conversation} is cut into packets. */
export interface ConversationOptions {
  readonly from?: Endpoint;
  readonly to?: Endpoint;
  /** Sequence number of the first byte. */
  readonly first?: number;
  /** Data of a packet. */
  readonly segment?: number;
  /** What comes back. */
  readonly answer?: Uint8Array;
  /** Fields of all packets with data. */
  readonly fields?: Partial<Packet>;
}

/** A whole connection: handshake, data, both ends closed. */
export function conversation(bytes: Uint8Array, options: ConversationOptions = {}): Packet[] {
  const { from = SOURCE, to = TARGET, first = 1000, segment = 1448, answer = new Uint8Array(0) } = options;
  const data: Packet[] = [];
  for (let at = 0; at < bytes.length; at += segment) {
    data.push({ from, to, sequence: first + at, data: bytes.slice(at, at + segment), ...options.fields });
    data.push({ from: to, to: from, sequence: 5001 });
  }
  const answers = answer.length === 0 ? [] : [{ from: to, to: from, sequence: 5001, data: answer }];
  return [
    { from, to, sequence: first - 1, flags: FLAG.SYN },
    { from: to, to: from, sequence: 5000, flags: FLAG.SYN | FLAG.ACK },
    { from, to, sequence: first },
    ...data,
    ...answers,
    { from, to, sequence: first + bytes.length, flags: FLAG.FIN | FLAG.ACK },
    { from: to, to: from, sequence: 5001 + answer.length, flags: FLAG.FIN | FLAG.ACK },
  ];
}
