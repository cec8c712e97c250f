import { arrivalTimes, type CaptureEvent, type Direction } from "../../capture/values.ts";

/** A place in a channel: after so many of its bytes. */
export interface Place {
  /** Number of the connection. */
  readonly connection: number;
  /** Who sent it. */
  readonly direction: Direction;
  /** Bytes. */
  readonly offset: number;
}

/** When places were reached, and from when to when anything was recorded at all. */
export interface Times {
  /** When a place was reached; null if it never was. */
  of(place: Place): number | null;
  /** Time of the first event. */
  readonly start: number;
  /** Time of the last event. */
  readonly end: number;
}

/** Reads the events once, and notes when places were reached. */
export function timesOf(events: Iterable<CaptureEvent>, places: readonly Place[]): Times {
  let [start, end] = [Infinity, 0];
  function* noting(): Generator<CaptureEvent> {
    for (const event of events) {
      start = Math.min(start, event.time);
      end = Math.max(end, event.time);
      yield event;
    }
  }
  const queries = places.map(({ connection, direction, offset }) => ({ channel: connection, direction, offset }));
  const times = new Map(arrivalTimes(noting(), queries).map((time, i) => [keyOf(places[i]), time]));
  return { of: (place) => times.get(keyOf(place)) ?? null, start: Math.min(start, end), end };
}

function keyOf(place: Place | undefined): string {
  return place === undefined ? "" : `${place.connection} ${place.direction} ${place.offset}`;
}
