import type { Capture } from "../capture/mod.ts";
import type { Lane, Score } from "../emit/mod.ts";

/**
 * The multifd channels that are sent of a capture. A recorded destination that completed though the source had more channels
 * than it took has dropped the others, which so lack packets that the main channel waits for (destination-engine.md B.7,
 * row 94): what loads again is what it took.
 *
 * @returns The channels, and what was left out, for people.
 */
export function takenLanes(
  { lanes }: Score,
  { manifest }: Pick<Capture, "manifest">,
): { readonly lanes: readonly Lane[]; readonly notes: readonly string[] } {
  const { destination, outcome } = manifest ?? {};
  const taken = destination?.parameters?.["multifd-channels"];
  if (typeof taken !== "number" || outcome?.destination !== "completed") return { lanes, notes: [] };
  const dropped = lanes.filter(({ id }) => id >= taken);
  if (dropped.length === 0) return { lanes, notes: [] };
  const names = dropped.map(({ id }) => `multifd ${id}`).join(", ");
  const note = `not sent: ${names}: the recorded destination took ${taken} multifd channels and dropped the rest`;
  return { lanes: lanes.filter(({ id }) => id < taken), notes: [note] };
}
