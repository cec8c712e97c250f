import * as zlib from "node:zlib";
import type { PagePacket } from "../multifd/codec_rules.ts";
import type { PageCodec } from "./page_codec.ts";
import type { PacketGate, Refusal } from "./packet_gate.ts";

const REFUSED = "an earlier one was refused";

/** The packet that is being decompressed. */
interface Job {
  readonly packet: PagePacket;
  readonly pages: Uint8Array;
  filled: number;
  readonly resolve: (pages: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One zstd frame through all packets of a channel, flushed at the end of each. The runtime offers no synchronous way to
 * go on with a frame, so this codec alone answers later.
 */
export class ZstdCodec implements PageCodec {
  readonly method = "zstd";
  readonly #gate: PacketGate;
  readonly #stream = decompressor();
  /** The packet before: one at a time, in order. */
  #before: Promise<unknown> = Promise.resolve();
  #job: Job | undefined;
  /** Why no packet can be taken any more. */
  #over: string | undefined;

  /** The codec of the channel that `gate` stands for. */
  constructor(gate: PacketGate) {
    this.#gate = gate;
    this.#stream.on("data", (chunk: Uint8Array) => this.#take(chunk));
    this.#stream.on("end", () => this.#over ??= "the zstd frame has ended");
    this.#stream.on("error", (error: Error) => this.#damaged(error));
    this.#stream.on("close", () => this.#refuse({ code: "codec-data", message: "the codec was closed" }));
  }

  /** The pages with content of one packet. */
  inflate(packet: PagePacket, payload: Uint8Array): Promise<Uint8Array> {
    const pages = this.#before.then(() => this.#begin(packet, payload));
    this.#before = pages.catch(() => {});
    return pages;
  }

  /** Frees the decompressor. */
  close(): void {
    this.#over ??= "the codec was closed";
    this.#stream.destroy();
  }

  #begin(packet: PagePacket, payload: Uint8Array): Promise<Uint8Array> {
    if (this.#over !== undefined) {
      this.#gate.refuse(packet, { code: "codec-data", message: `cannot be read: ${this.#over}` });
    }
    const size = this.#admit(packet, payload);
    if (size === 0) return Promise.resolve(new Uint8Array(0));
    return new Promise((resolve, reject) => {
      this.#job = { packet, pages: new Uint8Array(size), filled: 0, resolve, reject };
      // When a write is done, all that its input decompresses to has come as `data`.
      this.#stream.write(payload, () => this.#finish());
    });
  }

  /** Bytes that the pages take; a packet that is refused is missing from the frame, so nothing can follow it. */
  #admit(packet: PagePacket, payload: Uint8Array): number {
    try {
      const size = this.#gate.enter(packet);
      if (size > 0) this.#gate.needWhole(packet, payload, packet.nextPacketSize);
      return size;
    } catch (error) {
      this.#over = REFUSED;
      throw error;
    }
  }

  #take(chunk: Uint8Array): void {
    const job = this.#job;
    if (job === undefined) return;
    if (job.filled + chunk.length > job.pages.length) {
      const size = job.pages.length;
      this.#refuse({
        code: "codec-output",
        message: `decompresses to more than the ${size} bytes that the pages take`,
        qemu: "undefined: the rest is dropped, and the next packet is then taken for damaged",
        bare: true,
      });
      this.#stream.destroy();
      return;
    }
    job.pages.set(chunk, job.filled);
    job.filled += chunk.length;
  }

  #finish(): void {
    const job = this.#job;
    if (job === undefined) return;
    if (job.filled < job.pages.length) {
      this.#refuse({
        code: "codec-short",
        message: `decompresses to only ${job.filled} bytes`,
        qemu: "decompressStream buffer too small",
      });
      return;
    }
    this.#job = undefined;
    job.resolve(job.pages);
  }

  #damaged(error: Error): void {
    const reason = error.message.replace(/^Zstd decompress error: /, "");
    this.#refuse({
      code: "codec-data",
      message: `is damaged: ${reason}`,
      qemu: `decompressStream returned ${reason}`,
    });
  }

  #refuse(refusal: Refusal): void {
    const job = this.#job;
    this.#over ??= REFUSED;
    this.#job = undefined;
    job?.reject(this.#gate.error(job.packet, refusal));
  }
}

/** Throws `TypeError` where the runtime cannot unpack zstd, as Node before 22.15. */
function decompressor(): zlib.ZstdDecompress {
  const { createZstdDecompress } = zlib as Partial<typeof zlib>;
  if (createZstdDecompress !== undefined) return createZstdDecompress({ chunkSize: 0x8_0000 });
  throw new TypeError("Cannot unpack pages under zstd: this runtime cannot; Deno can, and Node from 22.15 on");
}
