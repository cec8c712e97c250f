import { barrierPoints, type EmitPlan, type Lane, type Score } from "../emit/mod.ts";

/** What is sent of a capture. */
export interface ReplayScore extends Score {
  /** The number of a SYNC that a multifd channel ends before: what comes behind it on the others is left out. */
  readonly heldBefore?: number;
}

/**
 * What can be sent of a migration one of whose multifd channels ends too early, as it does in a recording that was cut.
 *
 * At a barrier of the main channel QEMU waits for a SYNC of each channel: for ever, and without a word, if one does not
 * come (destination-engine.md B.7, row 22). As long as the main channel has not come there, QEMU notices a channel that
 * ends within a packet, and fails with words of its own. So nothing is sent from that barrier on.
 *
 * @returns What can be sent, and a note for people; the score itself if no channel ends too early.
 */
export function heldBack(score: Score): ReplayScore {
  const { main, lanes, needs, notes } = score;
  const syncs = Math.min(...lanes.map(countSyncs));
  const at = barrierPoints(main.stretches).barriers[syncs];
  if (at === undefined) return score;
  const names = lanes.filter((lane) => countSyncs(lane) === syncs).map(labelOf).join(", ");
  return {
    ...score,
    main: { ...main, stretches: main.stretches.slice(0, at) },
    lanes: lanes.map((lane) => ({ ...lane, intervals: lane.intervals.slice(0, syncs + 1) })),
    // They come when the main channel has come further.
    recoveries: [],
    preempts: [],
    needs: { ...needs, whole: false },
    notes: [
      ...notes,
      `${names}: ends before SYNC ${syncs}, which QEMU would wait for: what comes behind it is not sent`,
    ],
    heldBefore: syncs,
  };
}

/** Closes the channels that end too early, and keeps the others open: so it is theirs that QEMU notices. */
export function closeShort(plan: EmitPlan, lanes: readonly Lane[], heldBefore: number): EmitPlan {
  const short = lanes.filter((lane) => countSyncs(lane) <= heldBefore).map(labelOf);
  return {
    ...plan,
    connections: plan.connections.map((connection) => ({
      ...connection,
      ending: short.includes(connection.label) ? "close" : "keep",
    })),
  };
}

/** As in a plan. */
function labelOf({ id }: Lane): string {
  return id < 0 ? "multifd" : `multifd ${id}`;
}

function countSyncs({ intervals }: Lane): number {
  return intervals.filter(({ sync }) => sync !== undefined).length;
}
