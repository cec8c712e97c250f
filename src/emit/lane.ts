import type { Item } from "./item.ts";

/** What a multifd channel carries between two points at which all channels wait for each other. */
export interface Interval {
  /** Packets with pages or device state, and whatever else the channel holds. */
  readonly packets: readonly Item[];
  /** The SYNC packet that ends it; the last interval of a channel has none. */
  readonly sync?: Item;
}

/** One multifd channel, taken apart at its SYNC packets (destination-engine.md C.4). */
export interface Lane {
  /** Id in its initial packet. */
  readonly id: number;
  /** The initial packet. */
  readonly init: Item;
  /** At least one; interval `k` comes before barrier `k` of the main channel. */
  readonly intervals: readonly Interval[];
}
