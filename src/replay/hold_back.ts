import { barrierPoints, type EmitPlan, type Lane, type Score } from "../emit/mod.ts";

/**
 * What can be sent of a migration one of whose multifd channels ends too early, as it does in a recording that was cut.
 *
 * QEMU waits for the SYNC of each channel at a barrier of the main channel: for ever, and without a word, if one does not
 * come. As long as the main channel has not come there, it notices that a channel ends within a packet, and fails with
 * words of its own. So nothing is sent from that barrier on.
 *
 * @returns The score without what is not sent, and why; as it is if no channel ends too early.
 */
export function heldBack(score: Score): Score {
  const { main, lanes, needs, notes } = score;
  const { barriers } = barrierPoints(main.stretches);
  const short = shortest(lanes);
  const at = short === undefined ? undefined : barriers[short.syncs];
  if (short === undefined || at === undefined) return score;
  const name = short.lane.id < 0 ? "a multifd channel" : `multifd ${short.lane.id}`;
  return {
    ...score,
    main: { ...main, stretches: main.stretches.slice(0, at) },
    lanes: lanes.map((lane) => ({ ...lane, intervals: lane.intervals.slice(0, short.syncs + 1) })),
    recoveries: [],
    preempts: [],
    needs: { ...needs, whole: false },
    notes: [
      ...notes,
      `${name} ends before its SYNC ${short.syncs}: what follows on the others is not sent, since QEMU would wait for that`,
    ],
  };
}

/** The plan for that: the channel that ends too early is closed, and the others stay open. */
export function closeShort(plan: EmitPlan, lanes: readonly Lane[]): EmitPlan {
  const syncs = shortest(lanes)?.syncs;
  const isShort = lanes.map((lane) => countSyncs(lane) === syncs);
  let next = 0;
  return {
    ...plan,
    connections: plan.connections.map((connection) => ({
      ...connection,
      ending: connection.role === "multifd" && isShort[next++] ? "close" : "keep",
    })),
  };
}

function shortest(lanes: readonly Lane[]): { readonly lane: Lane; readonly syncs: number } | undefined {
  return lanes.map((lane) => ({ lane, syncs: countSyncs(lane) }))
    .reduce<{ lane: Lane; syncs: number } | undefined>((a, b) => a === undefined || b.syncs < a.syncs ? b : a, undefined);
}

function countSyncs({ intervals }: Lane): number {
  return intervals.filter(({ sync }) => sync !== undefined).length;
}
