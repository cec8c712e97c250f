/** In what order the channels of a capture are read: any is one that a destination could have seen. @module */

import type { MultifdDeviceStateRecord } from "../../stream/mod.ts";
import type { ArrivalClock } from "./arrival_clock.ts";
import type { RecordCursor } from "./cursor.ts";

/** Names of the orders. */
export const LOAD_ORDERS = ["recorded", "canonical", "round-robin", "channel-by-channel", "random"] as const;

/** An order by its name. */
export type LoadOrder = (typeof LOAD_ORDERS)[number];

/** Chooses the channel that is read next, of those that can be read: at least one. */
export interface Picker {
  /** Chooses. */
  pick(ready: readonly RecordCursor[]): RecordCursor;
  /** When the next item of the channel it chose arrived, nanoseconds; 0 without times. */
  timeOf(cursor: RecordCursor): number;
}

/** The bytes of a channel that an item needs. */
function endOf(cursor: RecordCursor): number {
  const item = cursor.peek();
  if (item === undefined) return Infinity;
  return item.kind === "record" ? item.record.offset + item.record.length : item.finding.offset;
}

/** As the recorder saw the bytes arrive. */
export function recordedOrder(clock: ArrivalClock): Picker {
  const timeOf = (cursor: RecordCursor): number =>
    clock.timeOf(cursor.entry.channel.index, cursor.entry.channel.direction, endOf(cursor));
  return {
    timeOf,
    pick: (ready) => least(ready, timeOf),
  };
}

/**
 * Without times (destination-engine.md B.9): initial packets, then the main channel as far as it goes, then the channels
 * by id; of device-state packets the lowest index first.
 */
export const CANONICAL_ORDER: Picker = {
  timeOf: () => 0,
  pick: (ready) => least(ready, canonicalRank),
};

function canonicalRank(cursor: RecordCursor): number {
  const item = cursor.peek();
  const record = item?.kind === "record" ? item.record : undefined;
  const id = cursor.entry.multifdId ?? -1;
  if (record?.kind === "multifd-init") return id - 1000;
  if (cursor.entry.identity.role === "main") return -1;
  if (record?.kind === "multifd-device-state") return 1000 + ((record as MultifdDeviceStateRecord).idx ?? 0);
  return id;
}

/** One record of each channel in turn. */
export function roundRobinOrder(): Picker {
  let last = -1;
  const position = ({ entry }: RecordCursor): number => entry.channel.index;
  return {
    timeOf: () => 0,
    pick(ready): RecordCursor {
      const after = ready.filter((cursor) => position(cursor) > last);
      const chosen = least(after.length > 0 ? after : ready, position);
      last = position(chosen);
      return chosen;
    },
  };
}

/** Each channel as far as it goes, the main one first. */
export const CHANNEL_ORDER: Picker = {
  timeOf: () => 0,
  pick: (ready) => least(ready, ({ entry }) => entry.channel.index),
};

/** Any channel at any time, by a seed: the same seed gives the same order. */
export function randomOrder(seed: number): Picker {
  let state = seed >>> 0;
  return {
    timeOf: () => 0,
    pick(ready): RecordCursor {
      // mulberry32: small, and good enough to choose channels.
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      const chosen = ready[((mixed ^ (mixed >>> 14)) >>> 0) % ready.length];
      if (chosen === undefined) throw new RangeError("Cannot choose a channel: none can be read");
      return chosen;
    },
  };
}

function least(cursors: readonly RecordCursor[], rank: (cursor: RecordCursor) => number): RecordCursor {
  let best: RecordCursor | undefined;
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
