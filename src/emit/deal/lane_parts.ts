import type { Item } from "../item.ts";
import type { Lane } from "../lane.ts";

/** The items of a lane in the order in which they are sent. */
export function* laneParts({ init, intervals }: Lane): Generator<Item> {
  yield init;
  for (const { packets, sync } of intervals) {
    yield* packets;
    if (sync !== undefined) yield sync;
  }
}
