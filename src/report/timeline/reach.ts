/**
 * How far each channel had come at the end of each bin: enough to say of any stretch of bytes in which bins it came,
 * without keeping the times of all of them.
 *
 * @module
 */

import type { CaptureEvent, Direction } from "../../capture/values.ts";
import type { TimelineAxis } from "./model.ts";

/** When a direction of a connection was there. */
export interface Span {
  /** When the connection was opened; null if that is not known. */
  opened: number | null;
  /** When it ended; null if that was not seen. */
  closed: number | null;
  /** It was broken off. */
  reset: boolean;
}

function keyOf(connection: number, direction: Direction): string {
  return `${connection} ${direction}`;
}

/** Directions of connections that are kept: as many as QEMU can have, and more. */
const TRACK_LIMIT = 4096;

/** How far channels had come, for one axis. */
export class Reach {
  /** The axis. */
  readonly axis: TimelineAxis;
  readonly #tracks = new Map<string, Float64Array>();

  /** Nothing has come. */
  constructor(axis: TimelineAxis) {
    this.axis = axis;
  }

  /** Bytes arrived. */
  add(time: number, connection: number, direction: Direction, end: number): void {
    const { start, width, bins } = this.axis;
    const key = keyOf(connection, direction);
    let track = this.#tracks.get(key);
    if (track === undefined) {
      if (this.#tracks.size >= TRACK_LIMIT) return;
      this.#tracks.set(key, track = new Float64Array(bins + 1));
    }
    // Slot 0 is what came before the axis begins; what comes behind its end is nowhere.
    const slot = time < start ? 0 : Math.min(bins, Math.floor((time - start) / width) + 1);
    if (time > start + bins * width) return;
    track[slot] = Math.max(track[slot] ?? 0, end);
  }

  /** Makes it ready to be asked. With `toTheEnd`, what no event told of came in the last bin. */
  finish(toTheEnd: boolean): void {
    for (const track of this.#tracks.values()) {
      for (let i = 1; i < track.length; i++) track[i] = Math.max(track[i] ?? 0, track[i - 1] ?? 0);
      if (toTheEnd) track[track.length - 1] = Infinity;
    }
  }

  /** How far a channel had come at the end of each bin, what came before the first bin in front; undefined if unknown. */
  of(connection: number, direction: Direction): Float64Array | undefined {
    return this.#tracks.get(keyOf(connection, direction));
  }
}

/** Reads the events of a capture once, for several axes. */
export function readReaches(
  events: Iterable<CaptureEvent>,
  axes: readonly TimelineAxis[],
): { readonly reaches: Reach[]; spanOf(connection: number, direction: Direction): Span } {
  const reaches = axes.map((axis) => new Reach(axis));
  const opened = new Map<number, number>();
  const ends = new Map<string, { readonly time: number; readonly reset: boolean }>();
  for (const event of events) {
    if (event.kind === "data") {
      const { time, channel, direction, offset, length } = event;
      for (const reach of reaches) reach.add(time, channel, direction, offset + length);
    } else if (event.kind === "open") {
      if (opened.size < TRACK_LIMIT) opened.set(event.channel, event.time);
    } else if (ends.size < TRACK_LIMIT) {
      ends.set(keyOf(event.channel, event.direction), { time: event.time, reset: event.kind === "reset" });
    }
  }
  for (const [i, reach] of reaches.entries()) reach.finish(i === 0);
  return {
    reaches,
    spanOf(connection, direction): Span {
      const end = ends.get(keyOf(connection, direction));
      return {
        opened: opened.get(connection) ?? null,
        closed: end?.time ?? null,
        reset: end?.reset ?? false,
      };
    },
  };
}
