import { concat } from "@std/bytes/concat";

/** Bytes that came and are not handed on yet, in the chunks that they came in. */
export class HeldBytes {
  #chunks: Uint8Array[] = [];
  #offset = 0;
  #length = 0;

  /** Channel offset of the first of them. */
  get offset(): number {
    return this.#offset;
  }

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** More came. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** The first `count` of them, which are then gone; a view of the chunk where they are all in one. */
  take(count: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let used = 0;
    for (let missing = count; missing > 0;) {
      const chunk = this.#chunks[used];
      if (chunk === undefined) throw new RangeError(`Cannot take ${count} bytes: there are ${this.#length}`);
      const part = chunk.subarray(0, missing);
      parts.push(part);
      missing -= part.length;
      if (part.length === chunk.length) used++;
      else this.#chunks[used] = chunk.subarray(part.length);
    }
    this.#chunks.splice(0, used);
    this.#offset += count;
    this.#length -= count;
    const [only = new Uint8Array(0)] = parts;
    return parts.length <= 1 ? only : concat(parts);
  }
}
