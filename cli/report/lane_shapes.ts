/** Paths of lanes, in a space that is a thousand wide, whatever the width of the page. @module */

import type { ChannelLane, ContentKind } from "../../src/public/report.ts";
// @ts-types="@types/d3-shape"
import { area, curveStepAfter } from "d3-shape";
// @ts-types="@types/d3-scale"
import { scaleLinear } from "d3-scale";
import { KIND_LOOKS } from "./kinds.ts";

/** Width of the space in which lanes are drawn. */
export const SPACE = 1000;

/** What came in a bin must be seen, however little it is beside the rest. */
const LEAST_HEIGHT = 2;

/** Runs of bins that look alike, as one rectangle each. */
class Rectangles {
  #path = "";
  #from = 0;
  #top = 0;
  #height = 0;
  readonly #x: (bin: number) => number;

  constructor(bins: number) {
    this.#x = scaleLinear().domain([0, bins]).range([0, SPACE]);
  }

  /** What a bin looks like; bins come in their order. */
  put(bin: number, top: number, height: number): void {
    if (top === this.#top && height === this.#height) return;
    this.end(bin);
    [this.#from, this.#top, this.#height] = [bin, top, height];
  }

  /** The rectangles up to a bin. */
  end(bin: number): string {
    if (this.#height > 0 && bin > this.#from) {
      const [x, end] = [round(this.#x(this.#from)), round(this.#x(bin))];
      this.#path += `M${x} ${this.#top}h${round(end - x)}v${this.#height}h${round(x - end)}z`;
    }
    this.#from = bin;
    return this.#path;
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/**
 * Heights of parts that fill `height` together: each at least two, the rest by its share.
 *
 * @param shares Of each part, 0 or more.
 * @param height Whole number.
 */
export function stackHeights(shares: readonly number[], height: number): number[] {
  const total = shares.reduce((sum, share) => sum + share, 0);
  if (total === 0) return shares.map(() => 0);
  const present = shares.filter((share) => share > 0).length;
  const least = Math.min(LEAST_HEIGHT, Math.floor(height / present));
  const rest = height - least * present;
  let sum = 0;
  let used = 0;
  // Rounded sums, so that the whole is filled to the last row.
  return shares.map((share) => {
    if (share === 0) return 0;
    sum += share;
    const upTo = Math.round(rest * sum / total);
    const own = upTo - used;
    used = upTo;
    return least + own;
  });
}

/** A path for each kind that is in a lane: each bin is filled by what came in it, in its shares. */
export function kindPaths({ kinds }: ChannelLane, bins: number, height: number): { kind: ContentKind; path: string }[] {
  const looks = KIND_LOOKS.filter(({ kind }) => kinds[kind] !== undefined);
  return stackPaths(looks.map(({ kind }) => kinds[kind] ?? []), bins, height).map((path, i) => ({
    kind: looks[i]?.kind ?? "frame",
    path,
  }));
}

/** A path for each series: stacked from the bottom, by their shares of each bin. */
export function stackPaths(series: readonly (readonly number[])[], bins: number, height: number): string[] {
  const rectangles = series.map(() => new Rectangles(bins));
  for (let bin = 0; bin < bins; bin++) {
    let top = height;
    for (const [i, own] of stackHeights(series.map((values) => values[bin] ?? 0), height).entries()) {
      top -= own;
      rectangles[i]?.put(bin, own === 0 ? 0 : top, own);
    }
  }
  return rectangles.map((one) => one.end(bins));
}

/** Steps from the bottom up to the value of each bin; `most` is the value at the top. */
export function stepPath(values: readonly number[], most: number, height: number): string {
  if (most <= 0 || !values.some((value) => value > 0)) return "";
  const x = scaleLinear().domain([0, values.length]).range([0, SPACE]);
  const y = scaleLinear().domain([0, most]).range([height, 0]).clamp(true);
  const shape = area<number>().curve(curveStepAfter).x((_, i) => x(i)).y0(height).y1((value) => y(value)).digits(1);
  return shape([...values, 0]) ?? "";
}
