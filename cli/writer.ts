/** Where bytes go: `Deno.stdout` is one. */
export interface Sink {
  /**
   * Writes some of the bytes at once.
   *
   * @param bytes What to write.
   * @returns How many were written, perhaps fewer than given.
   */
  writeSync(bytes: Uint8Array): number;
}

/**
 * The reader of our output has gone, as `head` does when it has seen enough. Thrown through the command to `main`, which
 * ends quietly: there is nobody to tell, and no reason to go on.
 */
export class ClosedPipeError extends Error {
  /** Always `"ClosedPipeError"`. */
  override name = "ClosedPipeError";
}

/** Kept before it is written: large enough that a list of a million records is not a million system calls. */
const BUFFER_LENGTH = 64 * 1024;

/** How long to wait before another try when a pipe that somebody made non-blocking is full. */
const RETRY_MS = 2;

/**
 * Buffered, synchronous output. Synchronous because the commands' loops are, and because then nothing can be left
 * unwritten when the process ends.
 *
 * @example Usage
 * ```ts
 * import { Writer } from "./writer.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const lengths: number[] = [];
 * const writer = new Writer({ writeSync: (bytes) => (lengths.push(bytes.length), bytes.length) });
 * writer.write("two\n");
 * writer.write("lines\n");
 * writer.flush();
 * assertEquals(lengths, [10]);
 * ```
 */
export class Writer {
  readonly #sink: Sink;
  readonly #limit: number;
  readonly #encoder = new TextEncoder();
  #text = "";

  /**
   * Makes a writer with nothing kept.
   *
   * @param sink Where the bytes go.
   * @param bufferLength How many characters to keep before writing; 0 writes at once.
   */
  constructor(sink: Sink, bufferLength: number = BUFFER_LENGTH) {
    this.#sink = sink;
    this.#limit = bufferLength;
  }

  /**
   * Writes text, as it is: what came from a capture goes through `printable` first.
   *
   * @param text The text.
   */
  write(text: string): void {
    this.#text += text;
    if (this.#text.length >= this.#limit) this.flush();
  }

  /**
   * Writes a line.
   *
   * @param text The line, without its end.
   */
  line(text: string = ""): void {
    this.write(`${text}\n`);
  }

  /**
   * Writes bytes, after the text before them.
   *
   * @param bytes The bytes; they are not kept.
   */
  bytes(bytes: Uint8Array): void {
    this.flush();
    this.#writeAll(bytes);
  }

  /** Writes what is still kept. `main` does it at the end; a command that waits for something does it before. */
  flush(): void {
    if (this.#text === "") return;
    const text = this.#text;
    // Emptied first: after a failure the same text is not tried again.
    this.#text = "";
    this.#writeAll(this.#encoder.encode(text));
  }

  #writeAll(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      try {
        at += this.#sink.writeSync(bytes.subarray(at, at + BUFFER_LENGTH));
      } catch (error) {
        if (error instanceof Deno.errors.WouldBlock) sleep(RETRY_MS);
        else if (error instanceof Deno.errors.BrokenPipe) throw new ClosedPipeError();
        else throw error;
      }
    }
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
