import type { Random } from "../../bytes/mod.ts";
import { type Item, sentLength } from "../item.ts";
import { conflicts } from "./conflicts.ts";
import type { Hands } from "./hands.ts";
import type { RamPackets } from "./ram_packet.ts";

/**
 * Deals the packets of one interval.
 *
 * What writes to the same page stays on one lane and in order: that of the channel, and of the channels' ids where it was
 * on several, whose order nobody knows (destination-engine.md B.9).
 *
 * @param channels The packets of each channel, by their ids.
 * @param packets Reads them.
 * @param hands Who gets what.
 * @param random In any order, not in about the recorded one.
 * @returns The packets of each lane.
 */
export function dealInterval(
  channels: readonly (readonly Item[])[],
  packets: RamPackets,
  hands: Hands,
  random?: Random,
): Item[][] {
  const all = channels.flat();
  const groups = conflicts(all, packets);
  const order = random?.shuffled([...all.keys()]) ?? sideBySide(channels);
  keepInOrder(order, groups);

  const groupOf = new Map(groups.flatMap((group) => group.map((index) => [index, group])));
  const laneOf = new Map<number[], number>();
  const dealt: Item[][] = Array.from({ length: hands.count }, () => []);
  hands.next();
  for (const index of order) {
    const group = groupOf.get(index) ?? [index];
    const lane = laneOf.get(group) ?? hands.choose(bytesOf(group.flatMap((member) => all[member] ?? [])));
    laneOf.set(group, lane);
    const item = all[index];
    if (item !== undefined) dealt[lane]?.push(item);
  }
  return dealt;
}

/** Numbers of the packets, lane by lane, in the order they would have if all lanes went through at the same time. */
function sideBySide(lanes: readonly (readonly Item[])[]): number[] {
  const places: number[] = [];
  for (const items of lanes) {
    const total = bytesOf(items);
    let passed = 0;
    for (const item of items) {
      places.push(passed / total);
      passed += sentLength(item);
    }
  }
  return [...places.keys()].sort((a, b) => (places[a] ?? 0) - (places[b] ?? 0) || a - b);
}

/** Has the members of each group change places with each other until they are in the group's order. */
function keepInOrder(order: number[], groups: readonly (readonly number[])[]): void {
  if (groups.length === 0) return;
  const places = new Map(order.map((index, place) => [index, place]));
  for (const group of groups) {
    const own = group.map((index) => places.get(index) ?? 0).sort((a, b) => a - b);
    for (const [i, index] of group.entries()) order[own[i] ?? 0] = index;
  }
}

function bytesOf(items: readonly Item[]): number {
  return items.reduce((sum, item) => sum + sentLength(item), 0);
}
