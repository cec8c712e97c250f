/**
 * Thrown by {@linkcode Cursor} when the bytes at hand end before what is asked for: a request for more input, not an
 * error. So it is no `Error`, whose stack trace would cost more than the parsing of what is there.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { Decoder, Incomplete, sectionFooter } from "@migwire/migwire/wire";
 *
 * try {
 *   sectionFooter.read(new Decoder(Uint8Array.fromHex("7e00")));
 * } catch (error) {
 *   assert(error instanceof Incomplete && error.missing === 3);
 * }
 * ```
 */
export class Incomplete {
  /** Bytes that are not there yet, at least 1. */
  readonly missing: number;

  /** A request for `missing` more bytes. */
  constructor(missing: number) {
    this.missing = missing;
  }
}

/** Reads big-endian integers and byte strings from a window of a channel. */
export class Cursor {
  /** The window. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Next byte to read, an index into `bytes`. */
  pos = 0;
  /** Index after the last readable byte. */
  end = 0;
  /** Channel offset of `bytes[0]`. */
  base = 0;
  #view: DataView = new DataView(this.bytes.buffer);

  /** A cursor over `bytes`, whose first byte stands at `base` in the channel. */
  constructor(bytes: Uint8Array = new Uint8Array(0), base = 0) {
    this.load(bytes, 0, bytes.length, base);
  }

  /** Looks at another window from now on. */
  load(bytes: Uint8Array, pos: number, end: number, base: number): void {
    this.bytes = bytes;
    this.pos = pos;
    this.end = end;
    this.base = base;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Channel offset of the next byte. */
  get offset(): number {
    return this.base + this.pos;
  }

  /** Bytes that can be read now. */
  get available(): number {
    return this.end - this.pos;
  }

  /** Makes sure that `count` bytes can be read; throws {@linkcode Incomplete} otherwise. */
  need(count: number): void {
    if (this.end - this.pos < count) throw new Incomplete(count - (this.end - this.pos));
  }

  /** One byte, 0..255. */
  u8(): number {
    this.need(1);
    return this.#view.getUint8(this.pos++);
  }

  /** Two bytes, 0..65535. */
  u16(): number {
    this.need(2);
    const value = this.#view.getUint16(this.pos);
    this.pos += 2;
    return value;
  }

  /** Four bytes, 0..2^32-1. */
  u32(): number {
    this.need(4);
    const value = this.#view.getUint32(this.pos);
    this.pos += 4;
    return value;
  }

  /** Four bytes, signed. */
  i32(): number {
    return this.u32() | 0;
  }

  /** Eight bytes, 0..2^64-1. */
  u64(): bigint {
    this.need(8);
    const value = this.#view.getBigUint64(this.pos);
    this.pos += 8;
    return value;
  }

  /** Four bytes at an index of the window, which the caller knows to be there; the place does not move. */
  u32At(index: number): number {
    return this.#view.getUint32(index);
  }

  /** A view of the next `count` bytes, valid as long as the window. */
  takeView(count: number): Uint8Array {
    this.need(count);
    const view = this.bytes.subarray(this.pos, this.pos + count);
    this.pos += count;
    return view;
  }

  /** A copy of the next `count` bytes. */
  take(count: number): Uint8Array {
    return this.takeView(count).slice();
  }
}
