import type { ByteSource } from "../source.ts";
import type { AssembledStream } from "./tcp_stream.ts";

/** Bytes of the file that are read at once. */
const BUFFER = 256 * 1024;

/** Pieces that are further apart than this in the file are read one by one. */
const APART = 16 * 1024;

/** The bytes of a stream, read from the file that its pieces are in. Zeros stand where bytes are lost. */
export class StreamSource implements ByteSource {
  /** Number of bytes. */
  readonly size: number;
  readonly #stream: AssembledStream;
  readonly #file: ByteSource;
  #buffer = new Uint8Array(0);

  /** The bytes of `stream` in `file`, which stays open when this is closed. */
  constructor(stream: AssembledStream, file: ByteSource) {
    this.size = stream.size;
    this.#stream = stream;
    this.#file = file;
  }

  /** Reads as {@linkcode ByteSource} says. */
  readAt(offset: number, into: Uint8Array): number {
    const { pieces, base } = this.#stream;
    const wanted = Math.max(0, Math.min(into.length, this.size - offset));
    let piece = Math.max(0, pieces.find(base + offset));
    let done = 0;
    while (done < wanted) {
      const at = base + offset + done;
      if (piece < pieces.length && at >= pieces.end(piece)) {
        piece++;
        continue;
      }
      const start = piece < pieces.length ? pieces.start(piece) : Infinity;
      if (start > at) {
        const end = done + Math.min(start - at, wanted - done);
        into.fill(0, done, end);
        done = end;
        continue;
      }
      const read = this.#readRun(piece, at, into.subarray(done, wanted));
      if (read === 0) break;
      done += read;
    }
    return done;
  }

  /** Gives back its memory; the file is not its own. */
  close(): void {
    this.#buffer = new Uint8Array(0);
  }

  /** Reads from the stream offset `at` on, which is in piece `first`: as many pieces at once as lie near to each other. */
  #readRun(first: number, at: number, into: Uint8Array): number {
    const { pieces } = this.#stream;
    const from = pieces.position(first) + at - pieces.start(first);
    let length = Math.min(into.length, pieces.end(first) - at);
    if (length === into.length || length >= BUFFER) return this.#file.readAt(from, into.subarray(0, length));
    let fileEnd = from + length;
    let last = first;
    while (length < into.length && last + 1 < pieces.length && pieces.start(last + 1) === pieces.end(last)) {
      const position = pieces.position(last + 1);
      const more = Math.min(pieces.size(last + 1), into.length - length);
      if (position < fileEnd || position > fileEnd + APART || position + more > from + BUFFER) break;
      fileEnd = position + more;
      length += more;
      last++;
    }
    if (last === first) return this.#file.readAt(from, into.subarray(0, length));
    return this.#copyRun(first, at, from, fileEnd, into.subarray(0, length));
  }

  /** Copies the pieces from `first` on that the file has from `from` to `fileEnd`. */
  #copyRun(first: number, at: number, from: number, fileEnd: number, into: Uint8Array): number {
    const { pieces } = this.#stream;
    if (this.#buffer.length === 0) this.#buffer = new Uint8Array(BUFFER);
    let filled = 0;
    while (filled < fileEnd - from) {
      const count = this.#file.readAt(from + filled, this.#buffer.subarray(filled, fileEnd - from));
      if (count === 0) break;
      filled += count;
    }
    let done = 0;
    for (let i = first; done < into.length; i++) {
      const skipped = Math.max(0, at - pieces.start(i));
      const begin = pieces.position(i) + skipped - from;
      const count = Math.min(pieces.size(i) - skipped, into.length - done);
      // The file is shorter than it was.
      if (begin + count > filled) break;
      into.set(this.#buffer.subarray(begin, begin + count), done);
      done += count;
    }
    return done;
  }
}
