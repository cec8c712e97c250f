import type { Capture } from "../capture/mod.ts";
import { deal, placeDevicePackets, withUuid } from "../emit/deal/mod.ts";
import {
  barrierPoints,
  buildPlan,
  type ConnectOrder,
  EmitError,
  type EmitPlan,
  interleave,
  type Lane,
  readScore,
  type Score,
  type ScoreOptions,
} from "../emit/mod.ts";
import { closeShort, heldBack, type ReplayScore } from "./hold_back.ts";
import { takenLanes } from "./taken_lanes.ts";
import { uuidChange } from "./uuid_change.ts";
import { verbatimPlan } from "./verbatim.ts";

/** How what is sent differs from what was recorded. */
export interface ReplayChanges {
  /** Number of multifd channels that the packets are dealt to; as recorded if absent. */
  readonly channels?: number;
  /** Seed of a random order, of all that destinations take: which channel, and when. In about the recorded order if absent. */
  readonly seed?: number;
  /** UUID of the machine, written into the stream. */
  readonly uuid?: string;
  /** Writes all bytes from the fields of the records. */
  readonly reserialise?: boolean;
  /** In which order connections are opened. */
  readonly connectOrder?: ConnectOrder;
  /** Whether SWITCHOVER_START comes before device packets, or after all that can be sent before it. */
  readonly switchoverStart?: "before-packets" | "after-packets";
  /** Target page size in bytes, where the stream does not tell it. */
  readonly pageSize?: number;
  /**
   * Sends all bytes in the order in which they were recorded, whatever a source would wait for; of the other changes only
   * `pageSize` has an effect then.
   */
  readonly verbatim?: boolean;
}

/**
 * What is sent of a capture, changed as it is wished.
 *
 * @param score What {@linkcode replayScore} gave for the same capture and changes, if it is there already.
 * @throws {EmitError} If it cannot be sent.
 * @throws {DealError} If the packets cannot be dealt as it is wished.
 * @throws {RangeError} If a number is out of its range.
 * @throws {CaptureError} If bytes cannot be had.
 */
export async function planReplay(
  capture: Capture,
  changes: ReplayChanges = {},
  score: ReplayScore = replayScore(capture, changes),
): Promise<EmitPlan> {
  if (changes.verbatim) return verbatimPlan(capture, score);
  const lanes = await changedLanes(score, changes);
  const { seed, connectOrder, switchoverStart } = changes;
  const plan = buildPlan(score, {
    lanes,
    ...(connectOrder === undefined ? {} : { connectOrder }),
    ...(switchoverStart === undefined ? {} : { switchoverStart }),
    apart: seed !== undefined,
  });
  const ordered = seed === undefined ? plan : interleave(plan, seed);
  return score.heldBefore === undefined ? ordered : closeShort(ordered, lanes, score.heldBefore);
}

/** What of a capture is sent, before its packets are dealt anew. */
export function replayScore(capture: Capture, changes: ReplayChanges = {}): ReplayScore {
  const { reserialise, uuid, pageSize, verbatim } = changes;
  const options: ScoreOptions = {
    ...(pageSize === undefined ? {} : { pageSize }),
    ...(reserialise === undefined ? {} : { reserialise }),
    ...(uuid === undefined ? {} : { change: uuidChange(uuid) }),
  };
  const score = readScore(capture, options);
  if (verbatim) return score;
  const { lanes, notes } = takenLanes(score, capture);
  const unwritten = uuid !== undefined && lanes.length === 0 && score.needs.uuid === undefined;
  const multifdChannels = Math.max(lanes.length, ...lanes.map(({ id }) => id + 1));
  const missing = Array.from({ length: multifdChannels }, (_, id) => id).filter((id) =>
    lanes.every((lane) => lane.id !== id)
  );
  return heldBack({
    ...score,
    lanes,
    // A target with fewer channels than the highest id says would not refuse that: QEMU 10.0 crashes.
    needs: { ...score.needs, multifdChannels },
    notes: [
      ...score.notes,
      ...notes,
      ...missing.map((id) => `multifd ${id} is not in the capture: the target waits for it`),
      ...(unwritten ? ["there is no UUID in the stream: none is written"] : []),
    ],
  });
}

async function changedLanes(score: Score, changes: ReplayChanges): Promise<readonly Lane[]> {
  const { channels, seed, uuid, switchoverStart } = changes;
  let { lanes } = score;
  if (lanes.length === 0) {
    if (channels === undefined) return lanes;
    const message = "Cannot deal packets to multifd channels: the stream has none";
    throw new EmitError("plan", message, "leave out --channels");
  }
  if (switchoverStart === "after-packets") {
    lanes = placeDevicePackets(lanes, barrierPoints(score.main.stretches).startInterval);
  }
  if (channels !== undefined || seed !== undefined) {
    lanes = await deal(lanes, {
      ...(channels === undefined ? {} : { channels }),
      ...(seed === undefined ? {} : { seed }),
      ...(score.pageSize === undefined ? {} : { pageSize: score.pageSize }),
    });
  }
  return uuid === undefined ? lanes : lanes.map((lane) => withUuid(lane, uuid));
}
