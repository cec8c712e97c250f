import type { Compression } from "../../stream/mod.ts";
import { CaptureError } from "../capture_error.ts";
import type { SequentialRead } from "../drive.ts";
import { ASK, ASKS, LAST, LENGTH, type Task, TURN, unpackWorker, WORDS_BYTES } from "./worker.ts";
import { ZstdFrames } from "./zstd_frames.ts";

/** The block that reader and worker hand to each other. */
const BLOCK_BYTES = 1024 * 1024;

/** What is shown of a program's words. */
const WORDS_LIMIT = 300;

/**
 * Unpacks a stream while it is read. gzip and zstd are unpacked by the runtime, the others by the system's program of
 * that name, for which Deno must have permission.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { gzipSync } from "node:zlib";
 * import { Unpacker } from "./unpacker.ts";
 *
 * const packed = [new Uint8Array(gzipSync("some text"))];
 * const unpacker = new Unpacker("gzip", (into) => {
 *   const next = packed.pop() ?? new Uint8Array(0);
 *   into.set(next);
 *   return next.length;
 * }, "text.gz");
 * const text = new Uint8Array(100);
 * assertEquals(new TextDecoder().decode(text.subarray(0, unpacker.read(text))), "some text");
 * assertEquals(unpacker.read(text), 0);
 * unpacker.close();
 * ```
 */
export class Unpacker {
  readonly #source: PackedSource;
  readonly #name: string;
  readonly #compression: Compression;
  readonly #words: Int32Array;
  readonly #block: Uint8Array;
  #running = true;
  /** Of the block: what is there to be read. */
  #from = 0;
  #to = 0;
  #problem: string | undefined;

  /**
   * Begins to unpack.
   *
   * @param compression How it is compressed.
   * @param read Reads the compressed stream.
   * @param name What it is called in errors.
   * @throws {CaptureError} `not-allowed` if a program is needed and may not be run.
   */
  constructor(compression: Compression, read: SequentialRead, name: string) {
    const by = unpackedBy(compression, name);
    this.#source = compression === "zstd" ? new ZstdSource(read) : new PlainSource(read);
    this.#name = name;
    this.#compression = compression;
    const memory = new SharedArrayBuffer(WORDS_BYTES + BLOCK_BYTES);
    this.#words = new Int32Array(memory, 0, WORDS_BYTES / 4);
    this.#block = new Uint8Array(memory, WORDS_BYTES);
    const worker = new Worker(`data:text/javascript,${encodeURIComponent(`(${unpackWorker})()`)}`, { type: "module" });
    this.#words[TURN] = 1;
    worker.postMessage({ memory, by } satisfies Task);
  }

  /**
   * Why unpacking broke off, in the decompressor's words: the compressed stream is cut or damaged. Known when reading
   * gave 0; what came before that is all there is.
   */
  get problem(): string | undefined {
    return this.#problem;
  }

  /**
   * Reads the next unpacked bytes: how many, 0 at the end.
   *
   * @throws {CaptureError} `no-program` if the program that is needed is not there; what the reading of the compressed
   * stream throws.
   */
  read(into: Uint8Array): number {
    while (this.#from === this.#to) {
      if (!this.#running) return 0;
      this.#turn();
    }
    const part = this.#block.subarray(this.#from, Math.min(this.#to, this.#from + into.length));
    into.set(part);
    this.#from += part.length;
    return part.length;
  }

  /** Lets the worker end. */
  close(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#from = this.#to = 0;
    Atomics.store(this.#words, TURN, 2);
    Atomics.notify(this.#words, TURN);
  }

  /** Lets the worker go on, waits for it, and does what it asks for. */
  #turn(): void {
    if (this.#to > 0) {
      this.#from = this.#to = 0;
      this.#giveTurn();
    }
    while (Atomics.load(this.#words, TURN) === 1) Atomics.wait(this.#words, TURN, 1);
    const length = this.#words[LENGTH] ?? 0;
    switch (this.#words[ASK]) {
      case ASKS.input:
        return this.#giveInput();
      case ASKS.output:
        this.#to = length;
        return;
      case ASKS.end:
        if (!this.#source.whole) this.#problem = "unexpected end of file";
        return this.close();
      default:
        return this.#fail(new TextDecoder().decode(this.#block.slice(0, length)));
    }
  }

  #giveInput(): void {
    const { length, last } = this.#source.fill(this.#block);
    this.#words[LENGTH] = length;
    this.#words[LAST] = last ? 1 : 0;
    this.#giveTurn();
  }

  #giveTurn(): void {
    Atomics.store(this.#words, TURN, 1);
    Atomics.notify(this.#words, TURN);
  }

  #fail(text: string): void {
    this.close();
    const end = text.indexOf("\n");
    const name = text.slice(0, end);
    const message = text.slice(end + 1).split("\n")[0]?.slice(0, WORDS_LIMIT) ?? "";
    if (name === "NotFound") {
      throw new CaptureError(
        "no-program",
        `Cannot unpack ${this.#name}: it is compressed with ${this.#compression}, and there is no program of that name`,
        `install ${this.#compression}`,
      );
    }
    if (name === "NotCapable") throw notAllowed(this.#compression, this.#name);
    this.#problem = message;
  }
}

/** Who unpacks. Throws {@linkcode CaptureError} if a program is needed and Deno may not run it. */
function unpackedBy(compression: Compression, name: string): Task["by"] {
  if (compression === "gzip" || compression === "zstd") return { runtime: compression };
  const { state } = Deno.permissions.querySync({ name: "run", command: compression });
  if (state !== "granted") throw notAllowed(compression, name);
  return { program: compression };
}

function notAllowed(compression: Compression, name: string): CaptureError {
  return new CaptureError(
    "not-allowed",
    `Cannot unpack ${name}: it is compressed with ${compression}, and Deno has no permission to run that program`,
    `start with --allow-run=${compression}`,
  );
}

/** Where the compressed bytes come from. */
interface PackedSource {
  /** Fills a block: how much of it, 0 at the end; and whether a frame ends with it. */
  fill(block: Uint8Array): { readonly length: number; readonly last: boolean };
  /** The compressed bytes so far are not cut, as far as can be seen from outside. */
  readonly whole: boolean;
}

class PlainSource implements PackedSource {
  readonly #read: SequentialRead;
  readonly whole = true;

  constructor(read: SequentialRead) {
    this.#read = read;
  }

  fill(block: Uint8Array): { length: number; last: boolean } {
    return { length: this.#read(block) ?? 0, last: false };
  }
}

/** Gives frame by frame. */
class ZstdSource implements PackedSource {
  readonly #frames = new ZstdFrames();
  readonly #pieces: Iterator<{ readonly bytes: Uint8Array; readonly ends: boolean }>;
  /** What did not fit into the last block. */
  #rest: Uint8Array = new Uint8Array(0);
  #restEnds = false;

  constructor(read: SequentialRead) {
    this.#pieces = pieces(read, this.#frames);
  }

  get whole(): boolean {
    return this.#frames.whole;
  }

  fill(block: Uint8Array): { length: number; last: boolean } {
    let length = 0;
    for (;;) {
      const part = this.#rest.subarray(0, block.length - length);
      block.set(part, length);
      length += part.length;
      this.#rest = this.#rest.subarray(part.length);
      if (this.#rest.length > 0) return { length, last: false };
      if (this.#restEnds) {
        this.#restEnds = false;
        return { length, last: true };
      }
      const { value, done } = this.#pieces.next();
      if (done) return { length, last: false };
      this.#rest = value.bytes;
      this.#restEnds = value.ends;
    }
  }
}

function* pieces(read: SequentialRead, frames: ZstdFrames): Generator<{ bytes: Uint8Array; ends: boolean }> {
  const buffer = new Uint8Array(256 * 1024);
  for (let count = read(buffer); count; count = read(buffer)) yield* frames.push(buffer.subarray(0, count));
}
