import { CaptureError } from "./capture_error.ts";
import type { BytePipe } from "./capture.ts";
import type { SequentialRead } from "./drive.ts";
import { type ByteSource, MemorySource } from "./source.ts";

/** So much of a pipe is kept in memory, so that it can be read like a file. */
export const PIPE_KEEP: number = 32 * 1024 * 1024;

const FIRST_BUFFER = 1024 * 1024;

/**
 * Reads a pipe to its end, or until it is more than `keep` bytes.
 *
 * @param read Reads its next bytes.
 * @param offset Bytes at its start that are thrown away.
 * @param keep Bytes that are kept at most.
 * @returns All of it as a source; or, if it is longer, what was read and the way to the rest.
 * @throws {CaptureError} `offset` if it ends before `offset`, `is-empty` if nothing comes.
 */
export function readPipe(
  read: SequentialRead,
  offset = 0,
  keep: number = PIPE_KEEP,
): { source: ByteSource } | { pipe: BytePipe } {
  discard(read, offset);
  let buffer = new Uint8Array(Math.min(FIRST_BUFFER, keep));
  let length = 0;
  for (;;) {
    if (length === buffer.length) {
      if (length >= keep) return { pipe: pipeOf(buffer, read) };
      const grown = new Uint8Array(Math.min(length * 2, keep));
      grown.set(buffer);
      buffer = grown;
    }
    const count = read(buffer.subarray(length));
    if (!count) break;
    length += count;
  }
  if (length === 0) throw new CaptureError("is-empty", "Cannot read the input: nothing came");
  return { source: new MemorySource(buffer.subarray(0, length)) };
}

/** Reads `offset` bytes and throws them away. Throws {@linkcode CaptureError} if there are fewer. */
export function discard(read: SequentialRead, offset: number): void {
  const buffer = new Uint8Array(Math.min(offset, FIRST_BUFFER));
  for (let left = offset; left > 0;) {
    const count = read(buffer.subarray(0, Math.min(left, buffer.length)));
    if (!count) {
      throw new CaptureError("offset", `Cannot read from offset ${offset} on: the input has ${offset - left} bytes`);
    }
    left -= count;
  }
}

/** Gives `head` first, then what `rest` reads. */
function pipeOf(head: Uint8Array, rest: SequentialRead): BytePipe {
  let at = 0;
  return {
    head,
    read(into: Uint8Array): number | null {
      if (at === head.length) return rest(into);
      const part = head.subarray(at, at + into.length);
      into.set(part);
      at += part.length;
      return part.length;
    },
  };
}
