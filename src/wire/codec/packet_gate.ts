import { WireError } from "../finding.ts";
import { pageCodecFault, type PagePacket } from "../multifd/codec_rules.ts";
import { type MultifdCompression, multifdPageCount } from "../multifd/constants.ts";

/** Which channel a codec works for, for its errors. */
export interface PageCodecOptions {
  /** The channel's label in errors. */
  readonly channel?: string;
  /** The channel's number in QEMU's texts. */
  readonly channelId?: number;
}

/** Why a packet is refused. */
export interface Refusal {
  /** Stable code. */
  readonly code: string;
  /** For people. */
  readonly message: string;
  /** What QEMU says, after `multifd N: ` unless `bare`. */
  readonly qemu?: string;
  /** QEMU does not put the channel before this text. */
  readonly bare?: boolean;
}

/** What all codecs do before and besides decompressing: checks by the header, and errors with their place. */
export class PacketGate {
  /** The method, as the header's flags name it. */
  readonly method: MultifdCompression;
  /** Page size in bytes. */
  readonly pageSize: number;
  readonly #pageCount: number;
  readonly #channel: string;
  readonly #channelId: number;

  /** The gate of one channel. */
  constructor(method: MultifdCompression, pageSize: number, options: PageCodecOptions) {
    this.method = method;
    this.pageSize = pageSize;
    this.#pageCount = multifdPageCount(pageSize);
    this.#channelId = options.channelId ?? 0;
    this.#channel = options.channel ?? `multifd ${this.#channelId}`;
  }

  /** Bytes that the packet's pages take; refuses a header that QEMU refuses. Never more than a packet may describe. */
  enter(packet: PagePacket): number {
    const { normalPages } = packet;
    if (normalPages > this.#pageCount) {
      const message = `has ${normalPages} pages, at most ${this.#pageCount} fit`;
      this.refuse(packet, { code: "normal", message });
    }
    const fault = pageCodecFault(this.method, packet, this.#channelId);
    if (fault !== undefined) {
      const message = `nextPacketSize ${fault.message}`;
      this.refuse(packet, { ...fault, message, bare: true });
    }
    return normalPages * this.pageSize;
  }

  /** Refuses a payload that is not as long as `length`, which the header says. */
  needWhole(packet: PagePacket, payload: Uint8Array, length: number): void {
    if (payload.length === length) return;
    this.refuse(packet, {
      code: "truncated",
      message: `payload has ${payload.length} bytes, the header says ${length}`,
      qemu: "Unexpected end-of-file before all data were read",
      bare: true,
    });
  }

  /** Refuses output of the wrong length. */
  needSize(packet: PagePacket, found: number, expected: number): void {
    if (found === expected) return;
    this.refuse(packet, {
      code: "codec-output",
      message: `decompresses to ${found} bytes, the pages take ${expected}`,
      qemu: `packet size received ${found} size expected ${expected}`,
    });
  }

  /** Throws the error for a packet. */
  refuse(packet: PagePacket, refusal: Refusal): never {
    throw this.error(packet, refusal);
  }

  /** The error for a packet. */
  error(packet: PagePacket, { code, message, qemu, bare = false }: Refusal): WireError {
    return new WireError({
      severity: "error",
      code,
      channel: this.#channel,
      offset: packet.offset ?? 0,
      message: `${this.method} packet: ${message}`,
      ...(qemu === undefined ? {} : { qemu: bare ? qemu : `multifd ${this.#channelId}: ${qemu}` }),
    });
  }
}

/** What `node:zlib` throws. */
export interface ZlibError {
  /** `Z_DATA_ERROR`, `ERR_BUFFER_TOO_LARGE` and so on. */
  readonly code: string;
  /** Its text. */
  readonly message: string;
}

/** Runs `inflate`, a call of `node:zlib`; its error goes to `refuse`, which must throw. */
export function inflating(inflate: () => Uint8Array, refuse: (error: ZlibError) => never): Uint8Array {
  try {
    const { buffer, byteOffset, byteLength } = inflate();
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (error) {
    const { code = "", message = String(error) } = error as Partial<ZlibError>;
    return refuse({ code, message });
  }
}

/** The output was cut off at the limit: more would have come. */
export function isTooMuch(error: ZlibError): boolean {
  return error.code === "ERR_BUFFER_TOO_LARGE";
}
