import { type ByteSource, CaptureError, readBytes, type ReadChannel } from "../../capture/values.ts";
import type { DiffPlace } from "./model.ts";

/** A stretch of a channel, or bytes in memory with the place that they are from. */
export type SpanPart =
  | { readonly channel: ReadChannel; readonly offset: number; readonly length: number }
  | { readonly bytes: Uint8Array; readonly place: DiffPlace };

/** Bytes that are compared, wherever they lie: one part after the other. Nothing is read before it is asked for. */
export class Span {
  /** Number of bytes. */
  readonly length: number;
  readonly #parts: readonly SpanPart[];
  /** Where in the span each part begins. */
  readonly #starts: readonly number[];

  /** The bytes of `parts`. */
  constructor(parts: readonly SpanPart[]) {
    this.#parts = parts;
    const starts: number[] = [];
    let length = 0;
    for (const part of parts) {
      starts.push(length);
      length += lengthOf(part);
    }
    this.#starts = starts;
    this.length = length;
  }

  /** Whether all of it can be read: a pipe that was not kept cannot. */
  get readable(): boolean {
    return this.#parts.every((part) => "bytes" in part || part.channel.channel.source !== undefined);
  }

  /** The bytes in pieces of at most `size`. Throws `CaptureError` if they are not there any more. */
  *pieces(size: number): Generator<Uint8Array> {
    for (const part of this.#parts) {
      const length = lengthOf(part);
      for (let done = 0; done < length; done += size) {
        yield readPart(part, done, Math.min(size, length - done));
      }
    }
  }

  /** Where a byte of the span stands; of its end, where the last part ends. Undefined for a span without parts. */
  place(offset: number): DiffPlace | undefined {
    const index = Math.max(0, this.#partAt(offset));
    const [part, start] = [this.#parts[index], this.#starts[index]];
    if (part === undefined || start === undefined) return undefined;
    const within = offset - start;
    if ("bytes" in part) return { channel: part.place.channel, offset: part.place.offset + within };
    return { channel: part.channel.label, offset: part.offset + within };
  }

  /** The last part that begins at `offset` or before. */
  #partAt(offset: number): number {
    let [low, high] = [0, this.#starts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function lengthOf(part: SpanPart): number {
  return "bytes" in part ? part.bytes.length : part.length;
}

function readPart(part: SpanPart, from: number, length: number): Uint8Array {
  if ("bytes" in part) return part.bytes.subarray(from, from + length);
  return readExactly(part.channel, part.offset + from, length);
}

/** Bytes of a channel. Throws `CaptureError` if they cannot be had. */
export function readExactly({ channel }: ReadChannel, offset: number, length: number): Uint8Array {
  const source: ByteSource | undefined = channel.source;
  const bytes = source === undefined ? undefined : readBytes(source, offset, length);
  if (bytes?.length === length) return bytes;
  throw new CaptureError("read-failed", `Cannot read ${channel.label}: it has become shorter meanwhile`);
}
