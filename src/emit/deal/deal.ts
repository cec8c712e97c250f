import { Random } from "../../bytes/mod.ts";
import type { Item } from "../item.ts";
import type { Interval, Lane } from "../lane.ts";
import { DealError } from "./deal_error.ts";
import { dealInterval } from "./deal_interval.ts";
import { divide } from "./divide.ts";
import { Hands } from "./hands.ts";
import { needInitialPacket, withId } from "./initial_packet.ts";
import { placeEnds } from "./place_ends.ts";
import { withPlainSyncs } from "./plain_syncs.ts";
import { PageStore } from "./page_store.ts";
import { findPageSize, RamPackets } from "./ram_packet.ts";

import { repack } from "./repack.ts";
import { unpack } from "./unpack.ts";

/** Most channels that QEMU can be told to use. */
const MOST_CHANNELS = 255;

/** Bytes of compressed pages that are held in memory if nothing else is said: 1 GiB. */
export const REPACKED_LIMIT: number = 1024 ** 3;

/** How packets are dealt. */
export interface DealOptions {
  /** Number of channels, 1 to 255; as many as there are if absent. */
  readonly channels?: number;
  /** Deals at random, the same for the same seed, a whole number. Without it in about the recorded order, evenly. */
  readonly seed?: number;
  /** Page size in bytes, where it is known; otherwise the one that fits the lengths of the packets. */
  readonly pageSize?: number;
  /** Bytes of pages, compressed, that may be held in memory; {@linkcode REPACKED_LIMIT} if absent. */
  readonly repackedLimit?: number;
}

/**
 * Deals the packets of multifd channels anew (destination-engine.md C.3). What may be in another order, or on another
 * channel, is dealt; nothing leaves its interval:
 *
 * - The channels have ids from 0 on; one whose id is no other has its initial packet as it was.
 * - Each round ends with one SYNC a channel, as newer QEMUs send it: what QEMU 7.2 sends in one with pages is two packets.
 * - RAM and device packets go to any channel. What writes to one page stays together and in order.
 * - Pages under zlib and zstd are compressed anew, since each packet needs those before it on its channel; that takes
 *   memory.
 *
 * Of a migration that broke off, the rounds that all channels have ended are dealt, and what follows up to where a channel
 * is cut off, not understood, or has a SYNC that another lacks. From there on it stays together, at the end of a channel.
 *
 * @param lanes The channels of a capture.
 * @throws {DealError} If something cannot be dealt; see its codes.
 * @throws {RangeError} If `channels` is no possible number.
 */
export async function deal(lanes: readonly Lane[], options: DealOptions = {}): Promise<Lane[]> {
  const { channels = lanes.length, seed, repackedLimit = REPACKED_LIMIT } = options;
  needChannels(lanes, channels);
  const packets = new RamPackets(options.pageSize ?? findPageSize(lanes));
  const old = [...lanes].sort((a, b) => a.id - b.id).map((lane) => withPlainSyncs(lane, packets));
  const { rounds, last, ends } = divide(old);
  const placed = placeEnds(ends, channels);
  const store = new PageStore(repackedLimit);
  for (const lane of old) await unpack(lane, packets, store);

  const random = seed === undefined ? undefined : new Random(seed);
  const hands = new Hands(channels, random);
  const intervals: Interval[][] = Array.from({ length: channels }, () => []);
  for (const round of rounds) {
    const dealt = dealInterval(round.map((interval) => interval.packets), packets, hands, random);
    for (const [id, own] of intervals.entries()) own.push({ packets: dealt[id] ?? [], sync: nth(round, id).sync });
  }
  const rest = dealInterval(last, packets, hands, random);

  const lanesNow: Lane[] = [];
  for (const [id, own] of intervals.entries()) {
    const from = nth(old, id);
    const init = from.id === id ? from.init : withId(from.init, id);
    const lane = { id, init, intervals: [...own, ...withEnd(rest[id] ?? [], placed[id])] };
    lanesNow.push(await repack(lane, packets, store));
  }
  return lanesNow;
}

function needChannels(lanes: readonly Lane[], channels: number): void {
  if (lanes.length === 0) {
    throw new DealError("no-channel", "Cannot deal multifd channels: the capture has none", "send it as it is");
  }
  if (!Number.isInteger(channels) || channels < 1 || channels > MOST_CHANNELS) {
    throw new RangeError(`Cannot deal to ${channels} channels: 1 to ${MOST_CHANNELS} are possible`);
  }
  for (const { init } of lanes) needInitialPacket(init);
}

/** The `n`th of `items`, which is not empty, over and over. */
function nth<T>(items: readonly T[], n: number): T {
  const item = items[n % items.length];
  if (item === undefined) throw new RangeError("Cannot take one of nothing");
  return item;
}

/** What comes after the last common round: packets, and what the end of a channel adds. */
function withEnd(packets: readonly Item[], [first, ...later]: readonly Interval[] = []): Interval[] {
  if (first === undefined) return [{ packets }];
  return [{ ...first, packets: [...packets, ...first.packets] }, ...later];
}
