import { type Capture, CaptureError, openCapture, type OpenOptions } from "../capture/mod.ts";
import { readChunk } from "./read_chunk.ts";

/** How {@linkcode openStream} opens. */
export interface OpenStreamOptions extends Pick<OpenOptions, "offset" | "migration"> {
  /** Bytes that are kept in memory at most, as they come and unpacked; {@linkcode STREAM_KEEP} if absent. */
  readonly keep?: number;
  /** Ends it: the stream is cancelled, and nothing is kept. */
  readonly signal?: AbortSignal;
}

/** So much of a stream is kept in memory, 256 MiB, so that it can be read like a file. */
export const STREAM_KEEP: number = 256 * 1024 * 1024;

/**
 * Opens a capture that comes as a Web Stream, such as the body of a `fetch`: what `openCapture` reads from standard input,
 * so one channel, compressed or not, a libvirt save image, or a packet capture. It is read to its end, and kept in memory,
 * twice while it is opened.
 *
 * What is too long for that can be read with a `RecordStream`, channel by channel, or from a file.
 *
 * @param stream Is read to its end, or cancelled; it is not locked afterwards.
 * @throws {CaptureError} `too-large` if it is longer than is kept, and what `openCapture` says of standard input.
 * @throws What the stream fails with, or the reason of `options.signal`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openStream } from "@migwire/migwire/capture";
 * import { inspectCapture } from "@migwire/migwire/inspect";
 *
 * const body = new Response(Uint8Array.fromHex("5145564d0000000300")).body ?? new ReadableStream();
 * const capture = await openStream(body.pipeThrough(new CompressionStream("gzip")));
 * assertEquals(inspectCapture(capture).channels.map(({ label, bytes }) => [label, bytes]), [["main", 9]]);
 * capture.close();
 * ```
 */
export async function openStream(
  stream: ReadableStream<Uint8Array>,
  options: OpenStreamOptions = {},
): Promise<Capture> {
  const { keep = STREAM_KEEP, signal, ...open } = options;
  const chunks = await readAll(stream, keep, signal);
  // Each chunk is let go when it is read.
  const stdin = (into: Uint8Array): number => {
    const [chunk] = chunks;
    if (chunk === undefined) return 0;
    const part = chunk.subarray(0, into.length);
    into.set(part);
    if (part.length === chunk.length) chunks.shift();
    else chunks[0] = chunk.subarray(part.length);
    return part.length;
  };
  // What is as long as is kept is taken for the beginning of something longer.
  return openCapture("-", { ...open, stdin, keep: keep + 1 });
}

/** All chunks with something in them. */
async function readAll(
  stream: ReadableStream<Uint8Array>,
  keep: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array[]> {
  const reader = stream.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let chunk = await readChunk(reader, signal); chunk !== undefined; chunk = await readChunk(reader, signal)) {
      if (chunk.length > 0) chunks.push(chunk);
      length += chunk.length;
      if (length > keep) throw tooLarge(keep);
    }
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    reader.releaseLock();
  }
  return chunks;
}

function tooLarge(keep: number): CaptureError {
  return new CaptureError(
    "too-large",
    `Cannot keep the stream in memory: it has more than ${keep} bytes`,
    "save it to a file and open that, or read its records with a RecordStream",
  );
}
