import type { CaptureChannel } from "./capture.ts";
import { ChannelBytes } from "./channel_bytes.ts";
import type { ByteSink } from "./output.ts";

const BUFFER_BYTES = 1024 * 1024;

/** Zeros of at least this length become a hole, aligned to it: a file system's block, or several. */
const HOLE_BYTES = 64 * 1024;

/**
 * Copies a channel as it is. Where it is zero, as a mapped-ram file mostly is, a file gets a hole.
 *
 * @returns After each piece how many bytes were copied.
 */
export function* copyChannel(channel: CaptureChannel, sink: ByteSink): Generator<number> {
  const bytes = new ChannelBytes(channel);
  const buffer = new Uint8Array(BUFFER_BYTES);
  for (let piece = bytes.fill(buffer); piece.length > 0; piece = bytes.fill(buffer)) {
    for (let at = 0; at < piece.length; at += HOLE_BYTES) {
      const part = piece.subarray(at, at + HOLE_BYTES);
      if (sink.hole !== undefined && part.length === HOLE_BYTES && isZero(part)) sink.hole(part.length);
      else sink.write(part);
    }
    yield bytes.offset;
  }
}

function isZero(bytes: Uint8Array): boolean {
  return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8).every((word) => Object.is(word, 0));
}
