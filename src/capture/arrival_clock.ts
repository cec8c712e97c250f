import type { Direction } from "./direction.ts";
import type { CaptureEvent } from "./events.ts";

/** Times of one direction of a connection: after how many bytes, when. */
interface Track {
  readonly ends: number[];
  readonly times: number[];
  /** Queries mostly come with growing offsets: the last answer is where the search for the next one begins. */
  next: number;
}

/**
 * When the bytes of a capture arrived, in nanoseconds since the recording began. Keeps 16 bytes for each event.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ArrivalClock, openCapture } from "@migwire/migwire/capture";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * const clock = new ArrivalClock(capture.events ?? []);
 * assertEquals(clock.timeOf(1, "s2d", 64), 442_246_106); // the initial packet of the first multifd channel
 * capture.close();
 * ```
 */
export class ArrivalClock {
  readonly #tracks = new Map<string, Track>();
  /** When a direction of a connection was closed or broke, as the recorder saw it. */
  readonly #closed = new Map<string, number>();
  #latest = 0;

  /** Reads the events of a capture. */
  constructor(events: Iterable<CaptureEvent>) {
    for (const event of events) {
      this.#latest = Math.max(this.#latest, event.time);
      if (event.kind === "open") continue;
      const key = keyOf(event.channel, event.direction);
      if (event.kind !== "data") {
        this.#closed.set(key, event.time);
        continue;
      }
      let track = this.#tracks.get(key);
      if (track === undefined) {
        track = { ends: [], times: [], next: 0 };
        this.#tracks.set(key, track);
      }
      track.ends.push(event.offset + event.length);
      track.times.push(event.time);
    }
  }

  /** When the first `offset` bytes were there. Growing offsets are answered fastest. */
  timeOf(connection: number, direction: Direction, offset: number): number {
    const track = this.#tracks.get(keyOf(connection, direction));
    if (track === undefined) return this.#latest;
    if (track.next > 0 && (track.ends[track.next - 1] ?? 0) >= offset) track.next = firstAtLeast(track.ends, offset);
    while (track.next < track.ends.length && (track.ends[track.next] ?? 0) < offset) track.next++;
    return track.times[track.next] ?? this.#latest;
  }

  /** When the recorder saw the connection end, nanoseconds; undefined if it did not. */
  closedAt(connection: number, direction: Direction): number | undefined {
    return this.#closed.get(keyOf(connection, direction));
  }

  /** Whether the recorder saw the connection end. */
  isClosed(connection: number, direction: Direction): boolean {
    return this.#closed.has(keyOf(connection, direction));
  }
}

/** Index of the first of growing numbers that is at least `value`. */
function firstAtLeast(numbers: readonly number[], value: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function keyOf(connection: number, direction: Direction): string {
  return `${connection} ${direction}`;
}
