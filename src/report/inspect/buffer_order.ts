/**
 * In what order the buffers of a device arrived, and how far from the order in which they are loaded.
 *
 * @module
 */

import { arrivalTimes, type CaptureEvent } from "../../capture/values.ts";

/** A device-state packet. */
export interface BufferArrival {
  /** Index of the buffer. */
  readonly idx: number;
  /** Connection it came on. */
  readonly connection: number;
  /** Channel offset after its last byte. */
  readonly end: number;
}

/** Distance from order. */
export interface Disorder {
  /** How far ahead of the next one to load a buffer came at most. */
  readonly distance: number;
  /** Buffers that came before one with a lower index. */
  readonly buffers: number;
  /** What order was looked at. */
  readonly order: "recorded" | "channels";
}

/**
 * Measures disorder in recorded order where `events` has it, else in the order that is the most favourable of those that
 * the channels allow (destination-engine.md B.9: the lowest index first, each channel's order kept).
 */
export function measureDisorder(
  arrivals: readonly BufferArrival[],
  events: Iterable<CaptureEvent> | undefined,
): Disorder {
  const { distances, order } = arrivalDistances(arrivals, events);
  let distance = 0;
  let buffers = 0;
  for (const one of distances) {
    if (one > 0) buffers++;
    distance = Math.max(distance, one);
  }
  return { distance, buffers, order };
}

/**
 * How far ahead of the next one to load each buffer came, in the order of their coming; 0 for one that was due. The order
 * is that of {@linkcode measureDisorder}.
 */
export function arrivalDistances(
  arrivals: readonly BufferArrival[],
  events: Iterable<CaptureEvent> | undefined,
): { readonly distances: readonly number[]; readonly order: Disorder["order"] } {
  const recorded = events === undefined ? undefined : inRecordedOrder(arrivals, events);
  const distances = walk(recorded ?? inFavourableOrder(arrivals));
  return { distances, order: recorded === undefined ? "channels" : "recorded" };
}

function inRecordedOrder(arrivals: readonly BufferArrival[], events: Iterable<CaptureEvent>): number[] | undefined {
  const times = arrivalTimes(
    events,
    arrivals.map(({ connection, end }) => ({ channel: connection, direction: "s2d" as const, offset: end })),
  );
  const timed: { idx: number; time: number; connection: number; end: number }[] = [];
  for (const [i, arrival] of arrivals.entries()) {
    const time = times[i];
    if (time === undefined) return undefined;
    timed.push({ ...arrival, time });
  }
  // Two channels that were read at the same moment give no order: the lower index first does nobody wrong.
  timed.sort((a, b) => a.time - b.time || (a.connection === b.connection ? a.end - b.end : a.idx - b.idx));
  return timed.map(({ idx }) => idx);
}

function inFavourableOrder(arrivals: readonly BufferArrival[]): number[] {
  const queues = new Map<number, number[]>();
  for (const { connection, idx } of arrivals) {
    const queue = queues.get(connection) ?? [];
    queue.push(idx);
    queues.set(connection, queue);
  }
  const open = [...queues.values()].map((queue) => ({ queue, next: 0 }));
  const sequence: number[] = [];
  for (let taken = 0; taken < arrivals.length; taken++) {
    let best: { queue: number[]; next: number } | undefined;
    for (const candidate of open) {
      const idx = candidate.queue[candidate.next];
      if (idx === undefined) continue;
      if (best === undefined || idx < (best.queue[best.next] ?? Infinity)) best = candidate;
    }
    if (best === undefined) break;
    sequence.push(best.queue[best.next++] ?? 0);
  }
  return sequence;
}

function walk(sequence: readonly number[]): number[] {
  const waiting = new Set<number>();
  let next = 0;
  return sequence.map((idx) => {
    const distance = Math.max(0, idx - next);
    waiting.add(idx);
    while (waiting.delete(next)) next++;
    return distance;
  });
}
