import type { Random } from "../../bytes/mod.ts";

/** Who gets the next packet: the lane with the fewest bytes, or any. */
export class Hands {
  /** How many lanes. */
  readonly count: number;
  readonly #random: Random | undefined;
  /** Bytes of each lane in all intervals. */
  readonly #total: number[];
  /** Bytes of each lane in this one. */
  #now: number[];

  /** So many lanes; with `random`, it is chance who gets what. */
  constructor(count: number, random?: Random) {
    this.count = count;
    this.#random = random;
    this.#total = new Array(count).fill(0);
    this.#now = new Array(count).fill(0);
  }

  /** Another interval begins. */
  next(): void {
    this.#now = new Array(this.count).fill(0);
  }

  /** The lane that gets `bytes` bytes. */
  choose(bytes: number): number {
    if (this.#random !== undefined) return this.#random.below(this.count);
    let least = 0;
    for (let lane = 1; lane < this.count; lane++) if (this.#isLess(lane, least)) least = lane;
    this.#now[least] = (this.#now[least] ?? 0) + bytes;
    this.#total[least] = (this.#total[least] ?? 0) + bytes;
    return least;
  }

  #isLess(a: number, b: number): boolean {
    const difference = (this.#now[a] ?? 0) - (this.#now[b] ?? 0);
    return difference < 0 || difference === 0 && (this.#total[a] ?? 0) < (this.#total[b] ?? 0);
  }
}
