import type { Part } from "../../stream/mod.ts";
import type { Item } from "../item.ts";
import type { Interval, Lane } from "../lane.ts";
import type { PageStore } from "./page_store.ts";
import type { RamPackets } from "./ram_packet.ts";
import { StreamCompressor } from "./stream_compressor.ts";
import { type BoundMethod, boundMethod } from "./unpack.ts";

/**
 * Compresses the packets of a channel anew, now that their order is decided: those whose pages are in `store`, from which
 * they are taken. What comes of it is held in memory.
 *
 * @throws {DealError} `too-large` if the store gets too full.
 */
export async function repack(lane: Lane, packets: RamPackets, store: PageStore): Promise<Lane> {
  if (store.isEmpty) return lane;
  const compressors = new Map<BoundMethod, StreamCompressor>();
  const again = async (item: Item): Promise<Item> => {
    const pages = store.take(item);
    const method = pages === undefined ? undefined : boundMethod(packets.header(item));
    if (pages === undefined || method === undefined) return item;
    const compressor = compressors.get(method) ?? new StreamCompressor(method);
    compressors.set(method, compressor);
    const payload = await compressor.next(pages);
    store.hold(payload.length);
    return withPayload(item, payload, packets);
  };
  try {
    const intervals: Interval[] = [];
    for (const interval of lane.intervals) {
      const repacked: Item[] = [];
      for (const item of interval.packets) repacked.push(await again(item));
      intervals.push({ ...interval, packets: repacked });
    }
    return { ...lane, intervals };
  } finally {
    for (const compressor of compressors.values()) compressor.close();
  }
}

function withPayload(item: Item, payload: Uint8Array, packets: RamPackets): Item {
  return {
    ...item,
    parts: function* (): Generator<Part> {
      yield packets.layout.encode({ ...packets.header(item), nextPacketSize: payload.length });
      yield payload;
    },
    sentLength: packets.headerLength + payload.length,
  };
}
