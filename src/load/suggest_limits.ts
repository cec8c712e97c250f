/**
 * The smallest limits on a device's queue that a capture survives: `x-migration-max-queued-buffers-size` in bytes, and the
 * proposed `x-migration-max-queued-buffers` in buffers.
 *
 * @module
 */

/** A device-state packet of one device. */
export interface QueuedPacket {
  /** Index of the buffer. */
  readonly idx: number;
  /** Bytes of data without the VFIO header: what QEMU counts. */
  readonly bytes: number;
  /** Channel that carries it. */
  readonly channel: number;
  /** Place on its channel, growing. */
  readonly place: number;
  /** SYNCs before it on its channel. */
  readonly round: number;
}

/** A limit in both units. */
export interface QueueBound {
  /** Bytes. */
  readonly bytes: number;
  /** Buffers. */
  readonly buffers: number;
}

/**
 * What one device needs in the worst order that its channels allow, if it takes each buffer at once.
 *
 * The queue is largest when a single thing is late: buffer k, or SWITCHOVER_START. While k is late everything waits that
 * can arrive without it: buffers with a higher index that stand on another channel, in the same round of SYNCs or an
 * earlier one, or before k on its own channel. Then k itself is counted before it is loaded. While SWITCHOVER_START is
 * late, everything waits up to the first barrier behind it. The bound is the largest of these.
 *
 * @param packets All packets of the device, the config among them.
 * @param startRound Barriers that the main channel passes before SWITCHOVER_START.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { worstCase } from "./suggest_limits.ts";
 *
 * const packets = [
 *   { idx: 0, bytes: 10, channel: 0, place: 0, round: 1 },
 *   { idx: 1, bytes: 20, channel: 1, place: 0, round: 1 },
 *   { idx: 2, bytes: 5, channel: 0, place: 1, round: 1 },
 * ];
 * // Buffer 1 is late: 2 waits for it, and it is counted itself. With SWITCHOVER_START in time 0 is gone by then.
 * assertEquals(worstCase(packets, 0), { bytes: 30, buffers: 2 });
 * ```
 */
export function worstCase(packets: readonly QueuedPacket[], startRound: number): QueueBound {
  const early = packets.filter(({ round }) => round <= startRound);
  let { bytes, buffers } = new Waiting().addAll(early).total();
  const above = new Waiting();
  for (const late of [...packets].sort((a, b) => b.idx - a.idx)) {
    const waiting = above.without(late);
    bytes = Math.max(bytes, waiting.bytes + late.bytes);
    buffers = Math.max(buffers, waiting.buffers + 1);
    above.add(late);
  }
  return { bytes, buffers };
}

/** What waits on one channel in one round. */
interface Share {
  readonly channel: number;
  readonly round: number;
  bytes: number;
  buffers: number;
  /** Place of the first of them. */
  first: number;
}

/** Packets that wait, added up by channel and round: there are few of both, however many packets there are. */
class Waiting {
  readonly #shares = new Map<string, Share>();

  add({ channel, round, bytes, place }: QueuedPacket): this {
    const key = `${channel} ${round}`;
    const share = this.#shares.get(key);
    if (share === undefined) this.#shares.set(key, { channel, round, bytes, buffers: 1, first: place });
    else {
      share.bytes += bytes;
      share.buffers++;
      share.first = Math.min(share.first, place);
    }
    return this;
  }

  addAll(packets: readonly QueuedPacket[]): this {
    for (const packet of packets) this.add(packet);
    return this;
  }

  total(): QueueBound {
    let bytes = 0;
    let buffers = 0;
    for (const share of this.#shares.values()) {
      bytes += share.bytes;
      buffers += share.buffers;
    }
    return { bytes, buffers };
  }

  /**
   * What can arrive without `late`. QEMU's indices grow along a channel, so nothing on its own channel can; where they do
   * not, all of the channel is counted, which is more than can come and so errs on the safe side.
   */
  without(late: QueuedPacket): QueueBound {
    let bytes = 0;
    let buffers = 0;
    for (const share of this.#shares.values()) {
      const comes = share.channel === late.channel ? share.first < late.place : share.round <= late.round;
      if (!comes) continue;
      bytes += share.bytes;
      buffers += share.buffers;
    }
    return { bytes, buffers };
  }
}
