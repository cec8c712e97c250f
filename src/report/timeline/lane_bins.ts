import type { ContentKind } from "./model.ts";

/** How far a channel had come: before the first bin, then at the end of each. */
export type ReachList = ArrayLike<number>;

/** Puts the bytes of one channel into the bins in which they came. */
export class LaneBins {
  readonly #reach: ReachList;
  readonly #kinds = new Map<ContentKind, Float64Array>();
  /** Of the reach: the bin that the last byte went to, and one more. */
  #slot = 0;

  /** Bins along an axis on which a channel came as `reach` says. */
  constructor(reach: ReachList) {
    this.#reach = reach;
  }

  /**
   * Bytes `from` to `end` of the channel are of a kind; they follow those of the call before. Gives the bin of the last
   * one, or undefined if it is not on the axis.
   */
  add(kind: ContentKind, from: number, end: number): number | undefined {
    const reach = this.#reach;
    for (let at = from; at < end;) {
      while (this.#slot < reach.length && (reach[this.#slot] ?? 0) <= at) this.#slot++;
      if (this.#slot >= reach.length) return undefined;
      const to = Math.min(end, reach[this.#slot] ?? 0);
      if (this.#slot > 0) this.#put(kind, this.#slot - 1, to - at);
      at = to;
    }
    return this.#slot === 0 ? undefined : this.#slot - 1;
  }

  #put(kind: ContentKind, bin: number, bytes: number): void {
    let bins = this.#kinds.get(kind);
    if (bins === undefined) this.#kinds.set(kind, bins = new Float64Array(Math.max(0, this.#reach.length - 1)));
    bins[bin] = (bins[bin] ?? 0) + bytes;
  }

  /** What came, by kind and bin. */
  get kinds(): { readonly [K in ContentKind]?: readonly number[] } {
    return Object.fromEntries([...this.#kinds].map(([kind, bins]) => [kind, [...bins]]));
  }
}
