import { CaptureError } from "./capture_error.ts";

/** Bytes that can be read at any place, synchronously. */
export interface ByteSource {
  /** Number of bytes. */
  readonly size: number;
  /**
   * Reads bytes from `offset` on into `into`, from its start.
   *
   * @returns How many were read: at least 1 before the end of the source, 0 at its end.
   */
  readAt(offset: number, into: Uint8Array): number;
  /** Gives back what the source holds. Reading is over then. */
  close(): void;
}

/**
 * Bytes in memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemorySource } from "@migwire/migwire/capture";
 *
 * const into = new Uint8Array(8);
 * const source = new MemorySource(Uint8Array.of(1, 2, 3));
 * assertEquals([source.readAt(1, into), into[0]], [2, 2]);
 * assertEquals(source.readAt(3, into), 0);
 * ```
 */
export class MemorySource implements ByteSource {
  readonly #bytes: Uint8Array;

  /** A source of `bytes`, which must not change. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Number of bytes. */
  get size(): number {
    return this.#bytes.length;
  }

  /** Reads as {@linkcode ByteSource} says. */
  readAt(offset: number, into: Uint8Array): number {
    const count = Math.max(0, Math.min(into.length, this.#bytes.length - offset));
    into.set(this.#bytes.subarray(offset, offset + count));
    return count;
  }

  /** Nothing to give back. */
  close(): void {}
}

/** A part of another source, which it closes when it is closed. */
export class OffsetSource implements ByteSource {
  /** Number of bytes. */
  readonly size: number;
  readonly #inner: ByteSource;
  readonly #offset: number;

  /** The bytes of `inner` from `offset` on, `size` of them or all. */
  constructor(inner: ByteSource, offset: number, size: number = inner.size - offset) {
    if (offset < 0 || size < 0 || offset + size > inner.size) {
      throw new RangeError(`Cannot take ${size} bytes from ${offset} on: the source has ${inner.size}`);
    }
    this.#inner = inner;
    this.#offset = offset;
    this.size = size;
  }

  /** Reads as {@linkcode ByteSource} says. */
  readAt(offset: number, into: Uint8Array): number {
    const wanted = Math.min(into.length, this.size - offset);
    if (wanted <= 0) return 0;
    return this.#inner.readAt(this.#offset + offset, wanted === into.length ? into : into.subarray(0, wanted));
  }

  /** Closes the other source. */
  close(): void {
    this.#inner.close();
  }
}

/** `source` from `offset` on. Throws {@linkcode CaptureError}, which calls it `name`, if nothing is there. */
export function sourceAt(source: ByteSource, offset: number, name: string): ByteSource {
  if (offset === 0) return source;
  if (!Number.isSafeInteger(offset) || offset < 0 || offset >= source.size) {
    throw new CaptureError("offset", `Cannot read ${name} from offset ${offset} on: it has ${source.size} bytes`);
  }
  return new OffsetSource(source, offset);
}

/**
 * Reads `length` bytes from `offset` on, fewer where the source ends.
 *
 * @param source Where.
 * @param offset First byte, 0 or more.
 * @param length How many bytes.
 * @returns The bytes, a copy.
 * @throws {CaptureError} If the system cannot read them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemorySource, readBytes } from "@migwire/migwire/capture";
 *
 * assertEquals(readBytes(new MemorySource(Uint8Array.of(1, 2, 3)), 1, 10), Uint8Array.of(2, 3));
 * ```
 */
export function readBytes(source: ByteSource, offset: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.max(0, Math.min(length, source.size - offset)));
  let filled = 0;
  while (filled < bytes.length) {
    const count = source.readAt(offset + filled, bytes.subarray(filled));
    if (count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}
