/** Sources and readers for the tests of this folder. @module */

import { Random } from "../bytes/mod.ts";

/** Gives `bytes` in chunks of the lengths that `lengths` says, over and over; some may be 0, but not all. */
export function chunked(bytes: Uint8Array, lengths: readonly number[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(chunksOf(bytes, lengths));
}

function* chunksOf(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array<ArrayBuffer>> {
  let i = 0;
  for (let at = 0; at < bytes.length;) {
    const length = lengths[i++ % lengths.length] ?? bytes.length;
    yield bytes.slice(at, at + length);
    at += length;
  }
}

/** Lengths of chunks up to `most`, now and then 0. */
export function randomLengths(seed: number, most: number): number[] {
  const random = new Random(seed);
  const length = (): number => random.below(8) === 0 ? 0 : 1 + random.below(random.below(3) === 0 ? 16 : most);
  return [1, ...Array.from({ length: 200 }, length)];
}

/** A source that counts what is taken from it, and keeps why it was cancelled. */
export class CountingSource {
  /** Chunks that were taken. */
  taken = 0;
  /** Why it was cancelled. */
  cancelled: unknown = "not at all";
  /** The source. */
  readonly stream: ReadableStream<Uint8Array>;

  /** A source of `count` chunks. */
  constructor(chunk: Uint8Array, count: number) {
    this.stream = new ReadableStream<Uint8Array>({
      pull: (controller): void => {
        if (this.taken++ === count) controller.close();
        else controller.enqueue(chunk.slice());
      },
      cancel: (reason): void => {
        this.cancelled = reason;
      },
    }, { highWaterMark: 0 });
  }
}

/** Lets everything run that can without time going on. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 200; i++) await Promise.resolve();
}

/** All bytes of a stream. */
export async function bytesOfStream(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  return await new Response(stream).bytes();
}
