/** Pseudo-random choices that are the same for the same seed (mulberry32): a mutant can be made again by its number. */
export class Random {
  #state: number;

  /** Choices that `seed` decides, any numbers. */
  constructor(...seed: readonly number[]) {
    this.#state = 0x9e3779b9;
    for (const part of seed) this.#state = (Math.imul(this.#state ^ part, 0x85ebca6b) + 0x6d2b79f5) | 0;
  }

  /** 0 to 2^32-1. */
  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** 0 to `limit`-1; 0 if `limit` is 0. */
  below(limit: number): number {
    return Math.floor(this.u32() / 0x1_0000_0000 * limit);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  /** One of `items`, of which there must be some. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("Cannot pick from nothing");
    return item;
  }

  /** `length` bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.u32() & 0xff);
  }
}
