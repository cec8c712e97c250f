import { needBytes } from "./need_bytes.ts";

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/**
 * The next chunk of a stream; undefined at its end. An abort ends the waiting, and the stream is cancelled.
 *
 * @throws The reason of `signal`, what the stream fails with, `TypeError` for a chunk that is no bytes.
 */
export async function readChunk(reader: Reader, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  const cancel = (): void => void reader.cancel(signal?.reason).catch(() => {});
  if (signal?.aborted) cancel();
  signal?.throwIfAborted();
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    const { done, value } = await reader.read();
    signal?.throwIfAborted();
    return done ? undefined : needBytes(value);
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
}
