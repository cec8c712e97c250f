import type { TimelineAxis } from "./model.ts";

/** Something that is kept bin by bin, and made half as fine when the axis has to reach twice as far. */
export interface Folding {
  /** Puts bins 2i and 2i+1 together as bin i. */
  fold(): void;
}

/** Numbers by bin, which are added up or of which the largest is kept. */
export class Bins implements Folding {
  readonly #values: Float64Array;
  readonly #join: (a: number, b: number) => number;

  /** So many bins, all 0; `join` makes one number of two. */
  constructor(count: number, join: (a: number, b: number) => number) {
    this.#values = new Float64Array(count);
    this.#join = join;
  }

  /** Joins `value` to what is in a bin. */
  put(bin: number, value: number): void {
    this.#values[bin] = this.#join(this.#values[bin] ?? 0, value);
  }

  /** Makes the bins twice as wide. */
  fold(): void {
    const values = this.#values;
    const half = values.length / 2;
    for (let i = 0; i < half; i++) values[i] = this.#join(values[2 * i] ?? 0, values[2 * i + 1] ?? 0);
    values.fill(0, half);
  }

  /** The first `count` bins. */
  list(count: number): number[] {
    return [...this.#values.subarray(0, count)];
  }
}

/** For {@linkcode Bins} that add up. */
export const sum = (a: number, b: number): number => a + b;

/** For {@linkcode Bins} that keep the largest. */
export const largest = (a: number, b: number): number => Math.max(a, b);

/**
 * An axis whose end is not known before: when something happens behind it, its bins are made twice as wide. So the number
 * of bins is bounded whatever comes.
 */
export class GrowingAxis {
  readonly #unit: TimelineAxis["unit"];
  readonly #start: number;
  #width: number;
  /** Even, so that two bins can always be made one. */
  readonly count: number;
  /** Where the last thing happened. */
  #last: number;
  readonly #folding: Folding[] = [];

  /** An axis of `count` bins from `start` to, at first, `end`. */
  constructor(unit: TimelineAxis["unit"], start: number, end: number, count: number) {
    this.#unit = unit;
    this.#start = start;
    this.count = count + count % 2;
    // Bytes and nanoseconds are whole: so are the edges of bins.
    this.#width = Math.max(1, Math.ceil((end - start) / this.count));
    this.#last = end;
  }

  /** Bins along this axis. */
  bins(join: (a: number, b: number) => number): Bins {
    const bins = new Bins(this.count, join);
    this.#folding.push(bins);
    return bins;
  }

  /** Reaches as far as `at`, and gives the bin that it is in; undefined before the start. */
  reach(at: number): number | undefined {
    if (at < this.#start) return undefined;
    if (at > this.#last) this.#last = at;
    // What happens at the very end belongs to the last bin.
    while (at > this.#start + this.count * this.#width) {
      this.#width *= 2;
      for (const folding of this.#folding) folding.fold();
    }
    return Math.min(this.count - 1, Math.floor((at - this.#start) / this.#width));
  }

  /** Adds a span of time to each bin that it touches. */
  spread(from: number, to: number, bins: Bins): void {
    const last = this.reach(to);
    if (last === undefined) return;
    const first = this.reach(Math.max(from, this.#start)) ?? 0;
    for (let bin = first; bin <= last; bin++) {
      const start = this.#start + bin * this.#width;
      const overlap = Math.min(to, start + this.#width) - Math.max(from, start);
      if (overlap > 0) bins.put(bin, overlap);
    }
  }

  /** Puts the largest of a span's value into each bin that it touches. */
  cover(from: number, to: number, value: number, bins: Bins): void {
    const last = this.reach(to);
    if (last === undefined) return;
    const first = this.reach(Math.max(from, this.#start)) ?? 0;
    for (let bin = first; bin <= last; bin++) bins.put(bin, value);
  }

  /** The axis as far as it is used. */
  get axis(): TimelineAxis {
    const used = Math.ceil((this.#last - this.#start) / this.#width);
    return {
      unit: this.#unit,
      start: this.#start,
      width: this.#width,
      bins: Math.min(this.count, Math.max(1, used)),
    };
  }
}
