import type { Interval } from "../lane.ts";
import { DealError } from "./deal_error.ts";

/**
 * Gives each end of a channel (see `Division.ends`) a lane to itself: its own where there is one, since nothing behind it
 * is read, nor any end behind another.
 *
 * @throws {DealError} `ends`, if there are too few lanes; also if a SYNC that not all channels have would be on all.
 */
export function placeEnds(
  ends: readonly (readonly Interval[] | undefined)[],
  lanes: number,
): (readonly Interval[] | undefined)[] {
  const placed = ends.slice(0, lanes);
  for (const end of ends.slice(lanes).filter((end) => end !== undefined)) {
    let free = 0;
    while (placed[free] !== undefined) free++;
    placed[free] = end;
  }
  const waiting = ends.filter((end) => end?.[0]?.sync !== undefined).length;
  if (placed.length > lanes || waiting >= lanes && waiting < ends.length) throw tooFew(ends, lanes);
  return placed;
}

function tooFew(ends: readonly unknown[], lanes: number): DealError {
  return new DealError(
    "ends",
    `Cannot deal ${ends.length} channels to ${lanes}: the migration broke off, and they end at different places`,
    `deal them to ${ends.length} or more, or send them as they were recorded`,
  );
}
