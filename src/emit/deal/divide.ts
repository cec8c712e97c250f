import type { Item } from "../item.ts";
import type { Interval, Lane } from "../lane.ts";

/** What channels have in common, and what each has beyond that. */
export interface Division {
  /** Rounds that end with a SYNC on all channels: per round, the interval of each. */
  readonly rounds: readonly (readonly Required<Interval>[])[];
  /** What each has after those rounds, up to its end or its {@linkcode ends}. */
  readonly last: readonly (readonly Item[])[];
  /**
   * What a destination reads to no good end, of each channel; undefined where there is nothing. It begins with something
   * that is cut off or not understood, or with a SYNC that not all channels have.
   */
  readonly ends: readonly (readonly Interval[] | undefined)[];
}

/** Whether an item is a whole packet, which may stand on any channel. */
export function isPacket({ kind }: Item): boolean {
  return kind === "multifd-ram" || kind === "multifd-device-state";
}

/** How many of `items`, from the first on, are packets. */
export function packetsBefore(items: readonly Item[]): number {
  const end = items.findIndex((item) => !isPacket(item));
  return end < 0 ? items.length : end;
}

/** Divides the lanes of a capture. A migration that did not come to its end may have left them at different rounds. */
export function divide(lanes: readonly Lane[]): Division {
  const whole = lanes.map(({ intervals }) => wholeRounds(intervals));
  const common = Math.min(...whole.map(({ length }) => length));
  const rounds = Array.from({ length: common }, (_, k) => whole.flatMap((own) => own[k] ?? []));
  const parts = lanes.map(({ intervals }) => divideRest(intervals.slice(common)));
  return { rounds, last: parts.map(({ last }) => last), ends: parts.map(({ end }) => end) };
}

function wholeRounds(intervals: readonly Interval[]): Required<Interval>[] {
  const whole: Required<Interval>[] = [];
  for (const { packets, sync } of intervals) {
    if (sync === undefined || packetsBefore(packets) < packets.length) break;
    whole.push({ packets, sync });
  }
  return whole;
}

function divideRest([first, ...later]: readonly Interval[]): { last: Item[]; end: Interval[] | undefined } {
  if (first === undefined) return { last: [], end: undefined };
  const { packets, ...sync } = first;
  const count = packetsBefore(packets);
  const left = packets.slice(count);
  const isEnd = left.length > 0 || first.sync !== undefined || later.length > 0;
  return { last: packets.slice(0, count), end: isEnd ? [{ packets: left, ...sync }, ...later] : undefined };
}
