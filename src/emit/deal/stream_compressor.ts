import { concat } from "@std/bytes";
import { constants, createDeflate, createZstdCompress } from "node:zlib";
import type { BoundMethod } from "./unpack.ts";

/** QEMU's default for both methods. */
const LEVEL = 1;

/** Compresses the packets of a channel as QEMU does: one stream, flushed at the end of each (multifd.md §4a). */
export class StreamCompressor {
  readonly #stream: ReturnType<typeof createDeflate> | ReturnType<typeof createZstdCompress>;
  readonly #flush: number;
  #chunks: Uint8Array[] = [];
  #failed: (error: Error) => void = () => {};

  /** A compressor for one channel. */
  constructor(method: BoundMethod) {
    const isZlib = method === "zlib";
    this.#flush = isZlib ? constants.Z_SYNC_FLUSH : constants.ZSTD_e_flush;
    this.#stream = isZlib
      ? createDeflate({ level: LEVEL })
      : createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: LEVEL } });
    this.#stream.on("data", (chunk: Uint8Array) => this.#chunks.push(chunk));
    this.#stream.on("error", (error: Error) => this.#failed(error));
  }

  /** The payload of the next packet, one at a time. */
  async next(pages: Uint8Array): Promise<Uint8Array> {
    this.#chunks = [];
    await new Promise<void>((resolve, reject) => {
      this.#failed = reject;
      this.#stream.write(pages);
      this.#stream.flush(this.#flush, () => resolve());
    });
    return concat(this.#chunks);
  }

  /** Frees what it holds. */
  close(): void {
    this.#stream.destroy();
  }
}
