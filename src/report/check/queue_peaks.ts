/**
 * How many bytes a device's queue holds at most (destination-engine.md B.4, B.5).
 *
 * @module
 */

/** Something that changes the queue of a device. */
export type QueueEvent =
  /** SWITCHOVER_START: from here on buffers are loaded. */
  | "start"
  /** A device-state packet arrives. */
  | { readonly idx: number; readonly bytes: number; readonly isConfig: boolean };

/** Bytes queued at most. */
export interface QueuePeaks {
  /** If the device takes each buffer at once. */
  readonly least: number;
  /** If it takes none before the last has arrived. */
  readonly most: number;
}

/**
 * The peaks of one device's queue, over its events in the order of their arrival.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { queuePeaks } from "./queue_peaks.ts";
 *
 * const packets = [{ idx: 1, bytes: 10, isConfig: false }, { idx: 0, bytes: 10, isConfig: false }];
 * assertEquals(queuePeaks(["start", ...packets]), { least: 20, most: 20 });
 * ```
 */
export function queuePeaks(events: readonly QueueEvent[]): QueuePeaks {
  const peak = (loads: boolean): number => {
    let most = 0;
    for (const { queued } of queue(events, loads)) most = Math.max(most, queued);
    return most;
  };
  return { least: peak(true), most: peak(false) };
}

/**
 * The first packet that a limit refuses; undefined if all fit.
 *
 * @param limit Bytes that may be queued; as many are allowed.
 * @param loads Whether the device takes each buffer at once, or none.
 */
export function firstRefused<T extends QueueEvent>(
  events: readonly T[],
  limit: number,
  loads: boolean,
): Exclude<T, "start"> | undefined {
  for (const { packet, queued } of queue(events, loads)) {
    // Only a packet that adds something is refused.
    if (queued > limit && packet.bytes > 0) return packet;
  }
  return undefined;
}

/** Gives each packet that is queued, and the sum with it. */
function* queue<T extends QueueEvent>(
  events: readonly T[],
  loads: boolean,
): Generator<{ packet: Exclude<T, "start">; queued: number }> {
  /** Bytes of each buffer that arrived; they stay when it is loaded, so that a second one is noticed. */
  const slots = new Map<number, number>();
  let started = false;
  let next = 0;
  /** Index of the config, which is never taken off the sum. */
  let last = Infinity;
  let queued = 0;
  for (const event of events) {
    if (event === "start") started = loads;
    else {
      const packet = event as Exclude<T, "start">;
      if (packet.isConfig) last = packet.idx;
      // A second buffer of that index is refused before it is counted.
      if (slots.has(packet.idx)) continue;
      slots.set(packet.idx, packet.bytes);
      queued += packet.bytes;
      yield { packet, queued };
    }
    for (let bytes = slots.get(next); started && bytes !== undefined && next !== last; bytes = slots.get(next)) {
      queued -= bytes;
      next++;
    }
  }
}
