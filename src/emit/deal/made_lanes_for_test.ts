/** Multifd channels made by hand, for tests. @module */

import { concat } from "@std/bytes";
import { multifdChannel } from "../../../testing/memory_capture.ts";
import { MemorySource } from "../../capture/mod.ts";
import { ChannelParser, MultifdGrammar } from "../../stream/mod.ts";
import { MULTIFD_FLAG, multifdRamHeader } from "../../wire/mod.ts";
import { LaneCollector } from "../collect_lane.ts";
import type { Lane } from "../lane.ts";

const layout = multifdRamHeader(4096);

/** What a RAM packet is made of. */
export interface MadePacket {
  /** Number of the packet. */
  readonly num?: number;
  /** Offsets of pages with contents. */
  readonly normal?: readonly number[];
  /** Offsets of pages of zeros. */
  readonly zero?: readonly number[];
  /** Flags of the header. */
  readonly flags?: number;
  /** The payload; that of no compression if absent. */
  readonly payload?: Uint8Array;
}

/** A RAM packet with pages of 4 KiB. */
export function ramPacket({ num = 0, normal = [], zero = [], flags = 0, payload }: MadePacket): Uint8Array {
  const contents = payload ?? concat(normal.map((offset) => new Uint8Array(4096).fill(num + offset / 4096 + 1)));
  const header = layout.encode({
    magic: 0x11223344,
    version: 1,
    flags,
    pagesAlloc: 128,
    normalPages: normal.length,
    nextPacketSize: contents.length,
    packetNum: BigInt(num),
    zeroPages: zero.length,
    ramblock: normal.length + zero.length === 0 ? "" : "pc.ram",
    pageSize: 4096,
    pageOffsets: [...normal, ...zero],
  });
  return concat([header, contents]);
}

/** A SYNC packet. */
export function syncPacket(num = 0): Uint8Array {
  return ramPacket({ num, flags: MULTIFD_FLAG.SYNC });
}

/** The lane of a channel's bytes. */
export function laneOfBytes(bytes: Uint8Array, connection = 0): Lane {
  const collector = new LaneCollector({ source: new MemorySource(bytes), connection });
  const parser = new ChannelParser(new MultifdGrammar({ pageSize: 4096 }));
  for (const record of [...parser.push(bytes), ...parser.end()]) collector.add(record);
  return collector.finish();
}

/** The lane of a channel with id `id`. */
export function madeLane(id: number, ...packets: readonly Uint8Array[]): Lane {
  return laneOfBytes(multifdChannel(id, ...packets), id + 1);
}
