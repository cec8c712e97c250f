import type { Item } from "../item.ts";
import type { Interval, Lane } from "../lane.ts";
import { DealError } from "./deal_error.ts";
import { packetsBefore } from "./divide.ts";

/**
 * Brings all device packets of later intervals into interval `interval`, each on its channel and in order, behind what is
 * there and before the SYNC: so they can all be sent before a SWITCHOVER_START that stands in that interval of the main
 * channel.
 *
 * @param lanes The channels.
 * @param interval Index of the interval.
 * @throws {DealError} `device-packets`, if that is interval 0: devices are not set up before the first SYNC.
 */
export function placeDevicePackets(lanes: readonly Lane[], interval: number): Lane[] {
  return lanes.map((lane) => {
    const later = lane.intervals.slice(interval + 1).flatMap(({ packets }) => packets.filter(isDevicePacket));
    if (later.length === 0) return lane;
    if (interval < 1) throw tooEarly(lane);
    const place = (own: Interval, index: number): Interval => {
      if (index < interval) return own;
      if (index === interval) return { ...own, packets: inserted(own.packets, later) };
      return { ...own, packets: own.packets.filter((item) => !isDevicePacket(item)) };
    };
    return { ...lane, intervals: lane.intervals.map(place) };
  });
}

function isDevicePacket({ kind }: Item): boolean {
  return kind === "multifd-device-state";
}

/** `items` with `more` behind its packets: behind what is cut off or not understood, nothing is read. */
function inserted(items: readonly Item[], more: readonly Item[]): Item[] {
  const count = packetsBefore(items);
  return [...items.slice(0, count), ...more, ...items.slice(count)];
}

function tooEarly({ id }: Lane): DealError {
  return new DealError(
    "device-packets",
    `Cannot bring the device packets of multifd ${id} before its first SYNC: the devices are not set up there`,
    "leave them where they are",
  );
}
