import type { Part } from "../../stream/mod.ts";
import { MULTIFD_FLAG } from "../../wire/mod.ts";
import { type Item, sentLength } from "../item.ts";
import type { Interval, Lane } from "../lane.ts";
import { partsBehind } from "./item_bytes.ts";
import type { RamPackets } from "./ram_packet.ts";

/**
 * The same lane, as QEMU 9.0 and later write it: a packet with pages and SYNC becomes two, and the left-over packets that
 * follow such in QEMU 7.2, without anything in them, are dropped (multifd.md §4.3).
 */
export function withPlainSyncs(lane: Lane, packets: RamPackets): Lane {
  return { ...lane, intervals: lane.intervals.map((interval) => plainInterval(interval, packets)) };
}

function plainInterval({ packets: items, sync }: Interval, packets: RamPackets): Interval {
  const kept = items.filter((item) => !isLeftOver(item, packets));
  if (sync?.kind !== "multifd-ram") return { packets: kept, ...(sync === undefined ? {} : { sync }) };
  return { packets: [...kept, withoutSync(sync, packets)], sync: onlySync(sync, packets) };
}

function isLeftOver(item: Item, packets: RamPackets): boolean {
  // Only a packet without payload can be one.
  if (item.kind !== "multifd-ram" || sentLength(item) !== packets.headerLength) return false;
  const { normalPages, zeroPages } = packets.header(item);
  return normalPages + zeroPages === 0;
}

function withoutSync(item: Item, packets: RamPackets): Item {
  const header = packets.header(item);
  const bytes = packets.layout.encode({ ...header, flags: (header.flags & ~MULTIFD_FLAG.SYNC) >>> 0 });
  return {
    ...item,
    parts: function* (): Generator<Part> {
      yield bytes;
      yield* partsBehind(item, packets.headerLength);
    },
    sentLength: sentLength(item),
  };
}

function onlySync(item: Item, packets: RamPackets): Item {
  const { magic, version, pagesAlloc, packetNum, pageSize } = packets.header(item);
  const bytes = packets.layout.encode({
    magic,
    version,
    flags: MULTIFD_FLAG.SYNC,
    pagesAlloc,
    normalPages: 0,
    nextPacketSize: 0,
    packetNum,
    zeroPages: 0,
    ramblock: "",
    pageSize,
    pageOffsets: [],
  });
  return { ...item, kind: "multifd-sync", parts: () => [bytes], sentLength: bytes.length };
}
