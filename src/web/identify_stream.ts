import { concat } from "@std/bytes/concat";
import { type ChannelIdentity, identifyChannel } from "../stream/mod.ts";
import { readChunk } from "./read_chunk.ts";

/** How {@linkcode identifyStream} looks. */
export interface IdentifyStreamOptions {
  /** `s2d`: sent by the source; `d2s`: sent by the destination. Unknown if absent. */
  readonly direction?: "s2d" | "d2s";
  /** Ends the waiting for the first bytes; the stream is cancelled then. */
  readonly signal?: AbortSignal;
}

/** A channel of which the first bytes were looked at. */
export interface IdentifiedStream {
  /** What it is, and why. */
  readonly identity: ChannelIdentity;
  /** All its bytes, the first ones too. */
  readonly stream: ReadableStream<Uint8Array>;
}

/**
 * Tells which channel a stream is, by its first bytes. It waits for as many as that takes: usually a few, at most
 * `IDENTIFY_MAX_BYTES` and the rest of the chunk.
 *
 * @param stream The channel from its first byte on. It is locked; what is given back stands for it: cancelling that cancels
 * it.
 * @throws What the stream fails with, or the reason of `options.signal`; then the stream is not locked any more.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { grammarFor, identifyStream, RecordStream } from "@migwire/migwire/web";
 *
 * const body = new Response(Uint8Array.fromHex("5145564d0000000300")).body ?? new ReadableStream();
 * const { identity, stream } = await identifyStream(body);
 * assertEquals(identity.role, "main");
 * const records = await Array.fromAsync(stream.pipeThrough(new RecordStream(grammarFor(identity))));
 * assertEquals(records.map(({ kind }) => kind), ["file-header", "eof"]);
 * ```
 */
export async function identifyStream(
  stream: ReadableStream<Uint8Array>,
  options: IdentifyStreamOptions = {},
): Promise<IdentifiedStream> {
  const { direction, signal } = options;
  const about = direction === undefined ? {} : { direction };
  const reader = stream.getReader();
  try {
    let first = new Uint8Array(0);
    let identity = identifyChannel(first, about);
    let ended = false;
    while (!ended && (identity.needed > first.length || first.length === 0)) {
      const chunk = await readChunk(reader, signal);
      ended = chunk === undefined;
      if (chunk !== undefined) first = concat([first, chunk]);
      identity = identifyChannel(first, { ...about, ended });
    }
    return { identity, stream: restOf(reader, first) };
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    reader.releaseLock();
    throw error;
  }
}

/** A stream of `first`, and then of what `reader` still gives. It asks for nothing before it is asked. */
function restOf(reader: ReadableStreamDefaultReader<Uint8Array>, first: Uint8Array): ReadableStream<Uint8Array> {
  let head = first;
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      if (head.length > 0) {
        controller.enqueue(head);
        head = new Uint8Array(0);
        return;
      }
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      reader.releaseLock();
    },
    async cancel(reason): Promise<void> {
      try {
        await reader.cancel(reason);
      } finally {
        reader.releaseLock();
      }
    },
  }, { highWaterMark: 0 });
}
