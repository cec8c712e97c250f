import { type MultifdCompression, multifdCompression, WireError } from "../../wire/mod.ts";
import { createPageCodec, type PageCodec } from "../../wire/codec.ts";
import type { Item } from "../item.ts";
import type { Lane } from "../lane.ts";
import { DealError } from "./deal_error.ts";
import { itemBytes } from "./item_bytes.ts";
import { laneParts } from "./lane_parts.ts";
import type { PageStore } from "./page_store.ts";
import type { RamPackets } from "./ram_packet.ts";

/** Methods that refer from one packet of a channel to those before it. */
export type BoundMethod = "zlib" | "zstd";

/** The method of a packet whose payload can be read only behind the packets before it. */
export function boundMethod({ flags, normalPages }: { flags: number; normalPages: number }): BoundMethod | undefined {
  const method: MultifdCompression | undefined = normalPages === 0 ? undefined : multifdCompression(flags);
  return method === "zlib" || method === "zstd" ? method : undefined;
}

/**
 * Decompresses all packets of a channel that are bound to it (methods zlib and zstd) into `store`.
 *
 * @throws {DealError} `compression` if one cannot be decompressed; `too-large` if the store gets full.
 */
export async function unpack(lane: Lane, packets: RamPackets, store: PageStore): Promise<void> {
  const codecs = new Map<BoundMethod, PageCodec>();
  try {
    for (const item of laneParts(lane)) {
      if (item.kind !== "multifd-ram") continue;
      const header = packets.header(item);
      const method = boundMethod(header);
      if (method === undefined) continue;
      const codec = codecs.get(method) ??
        createPageCodec(method, header.pageSize, { channel: `multifd ${lane.id}`, channelId: lane.id });
      codecs.set(method, codec);
      store.put(item, await inflate(codec, item, packets));
    }
  } finally {
    for (const codec of codecs.values()) codec.close();
  }
}

async function inflate(codec: PageCodec, item: Item, packets: RamPackets): Promise<Uint8Array> {
  const header = packets.header(item);
  const payload = itemBytes(item).subarray(packets.headerLength);
  try {
    return await codec.inflate({ ...header, offset: item.offset }, payload);
  } catch (cause) {
    if (!(cause instanceof WireError)) throw cause;
    throw new DealError(
      "compression",
      `Cannot deal ${codec.method} packets to other channels, since they cannot be decompressed: ${cause.message}`,
      "send the channels as they were recorded",
      { cause },
    );
  }
}
