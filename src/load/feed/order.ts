/** In what order the channels of a capture are read: any is one that a destination could have seen. @module */

import { Random } from "../../bytes/mod.ts";
import type { ArrivalClock } from "../../capture/values.ts";
import type { MultifdDeviceStateRecord } from "../../stream/mod.ts";
import type { Item, RecordCursor } from "./cursor.ts";

/** Names of the orders. */
export const LOAD_ORDERS = ["recorded", "canonical", "round-robin", "channel-by-channel", "random"] as const;

/** An order by its name. */
export type LoadOrder = (typeof LOAD_ORDERS)[number];

/** What a picker looks at of a channel. */
export type PickedChannel = Pick<RecordCursor, "entry" | "peek">;

/** Chooses the channel that is read next, of those that can be read: at least one. */
export interface Picker {
  /** Chooses. */
  pick<T extends PickedChannel>(ready: readonly T[]): T;
  /** When the next item of the channel it chose arrived, nanoseconds; 0 without times. */
  timeOf(cursor: PickedChannel): number;
}

function isMultifd({ entry }: PickedChannel): boolean {
  return entry.identity.role === "multifd";
}

/** Kind of the record that is next on a channel; empty if it is none. */
function kindOf(cursor: PickedChannel): string {
  const item = cursor.peek();
  return item?.kind === "record" ? item.record.kind : "";
}

function isInit(cursor: PickedChannel): boolean {
  return kindOf(cursor) === "multifd-init";
}

/** The bytes of a channel that an item needs. */
function endOf(item: Item | undefined): number {
  if (item === undefined) return Infinity;
  // What is wrong is seen when its first byte is there.
  return item.kind === "record" ? item.record.offset + item.record.length : item.finding.offset + 1;
}

/** As the recorder saw the bytes arrive. */
export function recordedOrder(clock: ArrivalClock): Picker {
  const timeOf = (cursor: PickedChannel): number => {
    const { index, direction } = cursor.entry.channel;
    const item = cursor.peek();
    const closed = clock.closedAt(index, direction);
    // That nothing more comes is known when the connection ends.
    if (item?.kind === "cut" && closed !== undefined) return closed;
    return clock.timeOf(index, direction, endOf(item));
  };
  return { timeOf, pick: (ready) => least(ready, timeOf) };
}

/**
 * Without times (destination-engine.md B.9): initial packets, then the main channel as far as it goes, then the channels
 * by id; of device-state packets the lowest index first. The EOF byte of the main channel comes last.
 */
export const CANONICAL_ORDER: Picker = {
  timeOf: () => 0,
  pick: (ready) => least(ready, canonicalRank),
};

/** More than any channel id, and than any index of a buffer on top of it: ranks of different kinds do not mix. */
const RANKS = 2 ** 33;

function canonicalRank(cursor: PickedChannel): number {
  const { multifdId = 0 } = cursor.entry;
  const id = isMultifd(cursor) ? multifdId : -1;
  const item = cursor.peek();
  if (item?.kind !== "record") return id;
  if (item.record.kind === "multifd-init") return id - RANKS;
  // What is wrong on a channel is seen by a main channel that comes to its end just then (B.9, row 21).
  if (item.record.kind === "eof") return 2 * RANKS;
  if (item.record.kind !== "multifd-device-state") return id;
  const { idx = 0 } = item.record as MultifdDeviceStateRecord;
  return RANKS + idx;
}

/** One record of each channel in turn. */
export function roundRobinOrder(): Picker {
  let last = -1;
  const position = ({ entry }: PickedChannel): number => entry.channel.index;
  return afterSetup((ready) => {
    const behind = ready.filter((cursor) => position(cursor) > last);
    const chosen = least(behind.length > 0 ? behind : ready, position);
    last = position(chosen);
    return chosen;
  });
}

/** Connections first, then each channel as far as it goes: the main one first, then by their connections. */
export const CHANNEL_ORDER: Picker = {
  timeOf: () => 0,
  pick: (ready) => least(ready, (cursor) => isInit(cursor) ? -2 : isMultifd(cursor) ? cursor.entry.channel.index : -1),
};

/** Any channel at any time, by a seed: the same seed gives the same order. */
export function randomOrder(seed: number): Picker {
  const random = new Random(seed);
  return afterSetup((ready) => {
    const chosen = ready[random.below(ready.length)];
    if (chosen === undefined) throw new RangeError("Cannot choose a channel: none can be read");
    return chosen;
  });
}

/**
 * A source sends packets only when the main channel has announced what they belong to (destination-engine.md C.3): until
 * that is read they are held back, unless the main channel waits for them.
 */
function afterSetup(choose: <T extends PickedChannel>(ready: readonly T[]) => T): Picker {
  let isSetUp = false;
  return {
    timeOf: () => 0,
    pick<T extends PickedChannel>(ready: readonly T[]): T {
      if (isSetUp) return choose(ready);
      const first = ready.filter((cursor) => !isMultifd(cursor) || isInit(cursor));
      const chosen = choose(first.length > 0 ? first : ready);
      isSetUp = !isMultifd(chosen) && kindOf(chosen) === "section-start";
      return chosen;
    },
  };
}

function least<T extends PickedChannel>(cursors: readonly T[], rank: (cursor: T) => number): T {
  let best: T | undefined;
  let lowest = Infinity;
  for (const cursor of cursors) {
    const value = rank(cursor);
    if (best === undefined || value < lowest) {
      best = cursor;
      lowest = value;
    }
  }
  if (best === undefined) throw new RangeError("Cannot choose a channel: none can be read");
  return best;
}
