/** Builds bytes: big-endian integers and byte strings, in a buffer that grows. */
export class ByteWriter {
  #bytes = new Uint8Array(64);
  #view = new DataView(this.#bytes.buffer);
  /** Bytes written so far. */
  length = 0;

  /** Makes room and moves on: the index to write at. May replace the buffer, so it comes before any use of it. */
  #room(count: number): number {
    const at = this.length;
    if (at + count > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, at + count));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.length = at + count;
    return at;
  }

  /** Writes one byte. */
  u8(value: number): void {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
  }

  /** Writes two bytes. */
  u16(value: number): void {
    const at = this.#room(2);
    this.#view.setUint16(at, value);
  }

  /** Writes four bytes; a negative value as two's complement. */
  u32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value);
  }

  /** Writes eight bytes. */
  u64(value: bigint): void {
    const at = this.#room(8);
    this.#view.setBigUint64(at, value);
  }

  /** Writes bytes as they are. */
  put(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** Writes `count` zero bytes. */
  zeros(count: number): void {
    const at = this.#room(count);
    this.#bytes.fill(0, at, at + count);
  }

  /** What was written, a copy. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.length);
  }
}
