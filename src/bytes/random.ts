/**
 * Numbers that look random, and are the same for the same seed (mulberry32: small, and good enough to put things in
 * order).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Random } from "./random.ts";
 *
 * assertEquals(new Random(7).shuffled([1, 2, 3, 4]), new Random(7).shuffled([1, 2, 3, 4]));
 * ```
 */
export class Random {
  #state: number;

  /** The numbers of `seed`, a whole number. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** The same in another order. */
  shuffled<T>(items: readonly T[]): T[] {
    return items.map((item) => ({ item, place: this.next() })).sort((a, b) => a.place - b.place).map(({ item }) =>
      item
    );
  }

  /** From 0 up to 1, without it. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
}
