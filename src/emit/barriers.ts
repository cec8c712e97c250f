import type { Stretch } from "./stretch.ts";

/** Where a main channel and its multifd channels wait for each other, and where devices may begin to load. */
export interface BarrierPoints {
  /** Indices of the stretches that begin with a barrier, in order; barrier `k` ends interval `k` of each multifd channel. */
  readonly barriers: readonly number[];
  /** Index of the stretch that begins with SWITCHOVER_START; undefined without. */
  readonly start?: number;
  /** The interval of the multifd channels in which that is sent; after the last barrier without. */
  readonly startInterval: number;
}

/**
 * The barriers of a main channel that has multifd channels beside it: at MULTIFD_FLUSH, or, where there is none, at the end
 * of each section of RAM, as older machine types have it (destination-engine.md C.4).
 */
export function barrierPoints(stretches: readonly Stretch[]): BarrierPoints {
  const style = stretches.some((stretch) => isBarrier(stretch, "round")) ? "round" : "section";
  const barriers = stretches.flatMap((stretch, index) => isBarrier(stretch, style) ? [index] : []);
  const start = stretches.findIndex(({ marks }) => marks.some(({ kind }) => kind === "switchover-start"));
  if (start < 0) return { barriers, startInterval: barriers.length };
  return { barriers, start, startInterval: barriers.filter((at) => at < start).length };
}

function isBarrier({ marks }: Stretch, style: "round" | "section"): boolean {
  return marks.some((mark) => mark.kind === "barrier" && mark.style === style);
}
