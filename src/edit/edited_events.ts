import type { CaptureEvent, Direction } from "../capture/mod.ts";
import type { Arrival } from "./render.ts";

/** A channel whose bytes are not those that were recorded. */
export interface EditedStream {
  /** Number of its connection. */
  readonly channel: number;
  readonly direction: Direction;
  /** When its bytes arrive; none if the channel is left out. */
  readonly arrivals: readonly Arrival[];
}

/** Where an edited channel stands, as the events of the recorded one go by. */
class Progress {
  readonly #arrivals: readonly Arrival[];
  #next = 0;
  /** Bytes that are told of. */
  told = 0;
  /** Bytes before the next arrival. */
  #before = 0;

  constructor(arrivals: readonly Arrival[]) {
    this.#arrivals = arrivals;
  }

  /** How many bytes there are when `arrived` bytes of the recorded channel have come. */
  reach(arrived: number): number {
    for (let next = this.#arrivals[this.#next]; next !== undefined; next = this.#arrivals[this.#next]) {
      if (arrived < next.to) {
        return Math.max(this.told, this.#before + Math.max(0, Math.min(next.length, arrived - next.from)));
      }
      this.#before += next.length;
      this.#next++;
    }
    return this.#before;
  }
}

/**
 * The events of an edited capture: its bytes arrive when those did that they were made from. Can be asked for any number
 * of times.
 */
export class EditedEvents implements Iterable<CaptureEvent> {
  readonly #events: Iterable<CaptureEvent>;
  readonly #streams: readonly EditedStream[];
  /** Connections that are left out. */
  readonly #gone: ReadonlySet<number>;

  /** The events of a capture some of whose channels were edited, and some connections left out. */
  constructor(events: Iterable<CaptureEvent>, streams: readonly EditedStream[], gone: ReadonlySet<number>) {
    this.#events = events;
    this.#streams = streams;
    this.#gone = gone;
  }

  /** The events, in their order. */
  *[Symbol.iterator](): Iterator<CaptureEvent> {
    const streams = new Map(
      this.#streams.map((one) => [`${one.channel} ${one.direction}`, new Progress(one.arrivals)]),
    );
    let time = 0;
    for (const event of this.#events) {
      time = Math.max(time, event.time);
      if (this.#gone.has(event.channel)) continue;
      const progress = event.kind === "open" ? undefined : streams.get(`${event.channel} ${event.direction}`);
      if (progress === undefined || event.kind === "open") {
        yield event;
        continue;
      }
      const { channel, direction } = event;
      const reached = progress.reach(event.kind === "data" ? event.offset + event.length : Infinity);
      const length = reached - progress.told;
      if (length > 0) yield { kind: "data", time: event.time, channel, direction, offset: progress.told, length };
      progress.told = reached;
      if (event.kind !== "data") yield { ...event, offset: reached };
    }
    // What the events did not tell of comes at their end.
    for (const { channel, direction } of this.#streams) {
      const progress = streams.get(`${channel} ${direction}`);
      const length = (progress?.reach(Infinity) ?? 0) - (progress?.told ?? 0);
      if (length > 0) yield { kind: "data", time, channel, direction, offset: progress?.told ?? 0, length };
    }
  }
}
