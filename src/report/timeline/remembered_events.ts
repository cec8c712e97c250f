import type { CaptureEvent } from "../../capture/values.ts";

/** Events that are remembered: some 30 MB of them. More are read from the file each time. */
const LIMIT = 1 << 20;

const KINDS = ["open", "data", "end", "reset"] as const;

/**
 * Events that are asked for several times, read from the capture once if they are not too many. A line of text costs a
 * hundred times what its numbers cost.
 */
export class RememberedEvents implements Iterable<CaptureEvent> {
  readonly #events: Iterable<CaptureEvent>;
  readonly #limit: number;
  /** Five numbers an event: time, channel, what it is, offset, length. */
  #numbers: Float64Array | undefined;
  readonly #reasons = new Map<number, string>();

  /** Remembers `events`, unless there are more than `limit`. */
  constructor(events: Iterable<CaptureEvent>, limit: number = LIMIT) {
    this.#events = events;
    this.#limit = limit;
  }

  /** The events, in their order. */
  *[Symbol.iterator](): Generator<CaptureEvent> {
    if (this.#numbers !== undefined) return yield* this.#replay(this.#numbers);
    let numbers = new Float64Array(5 * 1024);
    let count = 0;
    for (const event of this.#events) {
      if (count < this.#limit) {
        if (5 * count === numbers.length) numbers = grown(numbers);
        this.#keep(event, numbers, count);
      }
      count++;
      yield event;
    }
    // Only whoever came to the end knows that there are not too many.
    if (count <= this.#limit) this.#numbers = numbers.subarray(0, 5 * count);
  }

  #keep(event: CaptureEvent, numbers: Float64Array, index: number): void {
    const { kind, time, channel } = event;
    const at = 5 * index;
    numbers[at] = time;
    numbers[at + 1] = channel;
    numbers[at + 2] = KINDS.indexOf(kind);
    if (kind === "open") return;
    numbers[at + 2] = KINDS.indexOf(kind) + (event.direction === "s2d" ? 0 : KINDS.length);
    numbers[at + 3] = event.offset;
    if (kind === "data") numbers[at + 4] = event.length;
    else if (event.error !== undefined) this.#reasons.set(index, event.error);
  }

  *#replay(numbers: Float64Array): Generator<CaptureEvent> {
    for (let at = 0; at < numbers.length; at += 5) {
      const [time = 0, channel = 0, what = 0, offset = 0, length = 0] = [
        numbers[at],
        numbers[at + 1],
        numbers[at + 2],
        numbers[at + 3],
        numbers[at + 4],
      ];
      const kind = KINDS[what % KINDS.length] ?? "open";
      const direction = what < KINDS.length ? "s2d" : "d2s";
      if (kind === "open") yield { kind, time, channel };
      else if (kind === "data") yield { kind, time, channel, direction, offset, length };
      else {
        const error = this.#reasons.get(at / 5);
        yield { kind, time, channel, direction, offset, ...(error === undefined ? {} : { error }) };
      }
    }
  }
}

function grown(numbers: Float64Array): Float64Array<ArrayBuffer> {
  const more = new Float64Array(2 * numbers.length);
  more.set(numbers);
  return more;
}
