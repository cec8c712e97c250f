import { concat } from "@std/bytes";
import { constants, inflateRawSync } from "node:zlib";
import type { PagePacket } from "../multifd/codec_rules.ts";
import type { SyncPageCodec } from "./page_codec.ts";
import { inflating, isTooMuch, type PacketGate, type ZlibError } from "./packet_gate.ts";

/** DEFLATE refers back no further. */
const WINDOW_SIZE = 32768;

/**
 * Put behind each packet, as a stored block. If it comes out, the packet ended where blocks end and the stream goes on,
 * as a flush leaves it; `node:zlib` tells neither.
 */
const PROBE = Uint8Array.of(0x5a);

/** What zlib returns in C, for QEMU's text. */
const Z_DATA_ERROR = constants.Z_DATA_ERROR;

/**
 * One RFC 1950 stream through all packets of a channel, flushed at the end of each. Each packet is inflated by a call of
 * its own, with the output before it put in front as a stored block: as fast as a stream object, and synchronous. (The
 * `dictionary` option would say the same, but Deno 2.9 does not look at it for raw DEFLATE.)
 */
export class ZlibCodec implements SyncPageCodec {
  readonly method = "zlib";
  readonly #gate: PacketGate;
  #window = new Uint8Array(0);
  #started = false;
  #broken = false;

  /** The codec of the channel that `gate` stands for. */
  constructor(gate: PacketGate) {
    this.#gate = gate;
  }

  /** The pages with content of one packet. */
  inflate(packet: PagePacket, payload: Uint8Array): Uint8Array {
    if (this.#broken) {
      this.#gate.refuse(packet, { code: "codec-data", message: "cannot be read: an earlier one was refused" });
    }
    // Set back only by success: whatever is thrown on the way, the stream's state is unknown.
    this.#broken = true;
    const size = this.#gate.enter(packet);
    const pages = size === 0 ? new Uint8Array(0) : this.#next(packet, payload, size);
    this.#broken = false;
    return pages;
  }

  /** Nothing is held outside of this object. */
  close(): void {}

  #next(packet: PagePacket, payload: Uint8Array, size: number): Uint8Array {
    this.#gate.needWhole(packet, payload, packet.nextPacketSize);
    const pages = this.#inflateRaw(packet, this.#started ? payload : this.#skipHeader(packet, payload), size);
    this.#started = true;
    this.#remember(pages);
    return pages;
  }

  /** The two bytes that begin the stream: method, window size, a check; no preset dictionary. */
  #skipHeader(packet: PagePacket, payload: Uint8Array): Uint8Array {
    const [method, flags] = payload;
    if (method === undefined || flags === undefined) this.#tooShort(packet, 0);
    else if (((method << 8) | flags) % 31 !== 0 || (method & 0x0f) !== 8 || method >> 4 > 7) {
      this.#notOk(packet, Z_DATA_ERROR, "does not begin with a zlib header");
    } else if ((flags & 0x20) !== 0) this.#notOk(packet, constants.Z_NEED_DICT, "asks for a preset dictionary");
    return payload.subarray(2);
  }

  #inflateRaw(packet: PagePacket, body: Uint8Array, size: number): Uint8Array {
    const window = this.#window;
    const input = concat([storedBlock(window), body, storedBlock(PROBE)]);
    const end = window.length + size;
    const most = end + PROBE.length;
    const options = { finishFlush: constants.Z_SYNC_FLUSH, chunkSize: most, maxOutputLength: most };
    const output = inflating(() => inflateRawSync(input, options), (error) => this.#failed(packet, error, size));
    if (output.at(-1) !== PROBE[0]) this.#notOk(packet, constants.Z_STREAM_END, "ends the zlib stream");
    if (output.length < most) this.#tooShort(packet, output.length - window.length - PROBE.length);
    return output.subarray(window.length, end);
  }

  #remember(pages: Uint8Array): void {
    const kept = Math.max(0, WINDOW_SIZE - pages.length);
    const window = this.#window.subarray(Math.max(0, this.#window.length - kept));
    this.#window = concat([window, pages.subarray(-WINDOW_SIZE)]);
  }

  #failed(packet: PagePacket, error: ZlibError, size: number): never {
    if (!isTooMuch(error)) return this.#notOk(packet, Z_DATA_ERROR, `is damaged: ${error.message}`);
    return this.#gate.refuse(packet, {
      code: "codec-output",
      message: `decompresses to more than the ${size} bytes that the pages take`,
      qemu: "undefined: the rest is dropped, and what the next packet inflates to is not what was deflated",
      bare: true,
    });
  }

  #tooShort(packet: PagePacket, found: number): never {
    return this.#gate.refuse(packet, {
      code: "codec-short",
      message: `decompresses to only ${found} bytes`,
      qemu: "inflate generated too few output",
    });
  }

  #notOk(packet: PagePacket, returned: number, message: string): never {
    return this.#gate.refuse(packet, {
      code: "codec-data",
      message,
      qemu: `inflate returned ${returned} instead of Z_OK`,
    });
  }
}

/** A block of DEFLATE that is not the last and holds `bytes`, at most 65535, as they are. */
function storedBlock(bytes: Uint8Array): Uint8Array {
  const { length } = bytes;
  const block = new Uint8Array(5 + length);
  const head = new DataView(block.buffer);
  head.setUint16(1, length, true);
  head.setUint16(3, ~length, true);
  block.set(bytes, 5);
  return block;
}
