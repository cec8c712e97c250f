import { type Item, joins } from "./item.ts";
import type { Lane } from "./lane.ts";
import type { EmitStep, Precondition } from "./plan.ts";

/** What the packets of a lane wait for. */
export interface LaneRules {
  /** What lets an interval begin: the barrier before it. */
  released(interval: number): readonly Precondition[];
  /** What device packets of an interval wait for besides. */
  devices(interval: number): readonly Precondition[];
  /** Items that stand behind each other stay apart. */
  readonly apart: boolean;
}

/** The steps of a multifd channel, and where in them others wait for it. */
export interface LanePlan {
  /** The steps. */
  readonly steps: readonly EmitStep[];
  /** How many steps there are up to and with the SYNC that ends an interval; undefined if it has none. */
  readonly upToSync: readonly (number | undefined)[];
  /** How many steps there are up to and with the last device packet of an interval; undefined if it has none. */
  readonly upToDevices: readonly (number | undefined)[];
}

const DEVICE = "multifd-device-state";

/**
 * The steps of one multifd channel: its initial packet, then each interval with its SYNC, cut where device packets begin
 * and where they end.
 */
export function planLane(lane: Lane, rules: LaneRules): LanePlan {
  const steps: EmitStep[] = [{ name: "initial packet", after: [], items: [lane.init] }];
  const itemsOf = (items: readonly Item[]): readonly Item[] => rules.apart ? items : joined(items);
  const upToSync: (number | undefined)[] = [];
  const upToDevices: (number | undefined)[] = [];
  for (const [number, { packets, sync }] of lane.intervals.entries()) {
    const items = sync === undefined ? packets : [...packets, sync];
    const first = items.findIndex(isDevice);
    const last = items.findLastIndex(isDevice);
    const released = rules.released(number);
    const name = sync === undefined ? `the last packets` : `packets up to SYNC ${number}`;
    if (first < 0) {
      if (items.length > 0) steps.push({ name, after: released, items: itemsOf(items) });
      upToDevices.push(undefined);
    } else {
      if (first > 0) steps.push({ name, after: released, items: itemsOf(items.slice(0, first)) });
      const after = [...released, ...rules.devices(number)];
      steps.push({ name: `device packets of interval ${number}`, after, items: itemsOf(items.slice(first, last + 1)) });
      upToDevices.push(steps.length);
      if (last + 1 < items.length) steps.push({ name, after: released, items: itemsOf(items.slice(last + 1)) });
    }
    upToSync.push(sync === undefined ? undefined : steps.length);
  }
  return { steps, upToSync, upToDevices };
}

function isDevice({ kind }: Item): boolean {
  return kind === DEVICE;
}

/** Items that stand behind each other, and are sent as they stand, as one. */
function joined(items: readonly Item[]): Item[] {
  const all: Item[] = [];
  for (const item of items) {
    const before = all.at(-1);
    if (before === undefined || !joins(before, item)) all.push(item);
    else all[all.length - 1] = { ...before, length: before.length + item.length };
  }
  return all;
}
