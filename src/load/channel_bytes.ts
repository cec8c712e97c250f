import type { ByteRange } from "../bytes/mod.ts";
import { type ByteSource, CaptureError, readBytes, type ReadChannel } from "../capture/values.ts";

/** The bytes of a channel, to be read at any place. Throws `CaptureError` for a pipe that was not kept. */
export function channelBytes({ channel }: ReadChannel): ByteSource {
  if (channel.source !== undefined) return channel.source;
  throw new CaptureError(
    "too-large",
    `Cannot load ${channel.label}: it comes from a pipe, and is too large to be kept in memory`,
    "write it to a file, and give that",
  );
}

/** A stretch of a channel that was there when its records were read. Throws `CaptureError` if it is not any more. */
export function readRange(channel: ReadChannel, { offset, length }: ByteRange): Uint8Array {
  const bytes = readBytes(channelBytes(channel), offset, length);
  if (bytes.length === length) return bytes;
  throw new CaptureError("read-failed", `Cannot read ${channel.channel.label}: it has become shorter meanwhile`);
}
