/**
 * `events.jsonl` of a capture: what arrived when. Read line by line, however long it is.
 *
 * @module
 */

import type { Finding } from "../wire/mod.ts";
import type { Direction } from "./direction.ts";
import type { ByteSource } from "./source.ts";

/** One line of `events.jsonl`. Times are nanoseconds since the recording began. */
export type CaptureEvent =
  /** A connection was opened. */
  | { readonly kind: "open"; readonly time: number; readonly channel: number }
  /** Bytes arrived: `length` of them, the first at `offset`. */
  | {
    readonly kind: "data";
    readonly time: number;
    readonly channel: number;
    readonly direction: Direction;
    readonly offset: number;
    readonly length: number;
  }
  /** One direction was closed after `offset` bytes; `reset`: broken off, for the reason in `error`. */
  | {
    readonly kind: "end" | "reset";
    readonly time: number;
    readonly channel: number;
    readonly direction: Direction;
    readonly offset: number;
    readonly error?: string;
  };

/** Lines of a recorder are some 60 bytes; what is longer than this is none of its. */
const MAX_LINE = 64 * 1024;

const BUFFER = 64 * 1024;

/**
 * The events of a capture, in their order. A line that is none is reported and left out; that the last one is cut is
 * usual after a recorder was killed.
 *
 * @param source `events.jsonl`.
 * @param report Receives findings.
 * @returns The events; times are nanoseconds since the recording began.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemorySource, readEvents } from "@migwire/migwire/capture";
 *
 * const text = '{"t":5,"ch":0,"ev":"open"}\n';
 * const [event] = readEvents(new MemorySource(new TextEncoder().encode(text)));
 * assertEquals(event, { kind: "open", time: 5, channel: 0 });
 * ```
 */
export function* readEvents(
  source: ByteSource,
  report: (finding: Finding) => void = () => {},
): Generator<CaptureEvent> {
  let number = 0;
  let latest = 0;
  for (const { text, offset, whole } of lines(source)) {
    number++;
    if (text === "") continue;
    const event = text === undefined ? undefined : parseEvent(text);
    const note = (code: string, message: string): void =>
      report({ severity: "warning", code, channel: "events.jsonl", offset, message: `line ${number} ${message}` });
    if (event === undefined) {
      if (whole) note("event-line", "is not an event");
      else note("event-cut", "is cut: the recording was broken off");
      continue;
    }
    if (event.time < latest) note("event-time", `is ${latest - event.time} ns earlier than the one before`);
    latest = Math.max(latest, event.time);
    yield event;
  }
}

/** The events of an `events.jsonl`, read anew each time they are asked for; what is wrong in it is left out. */
export class EventFile implements Iterable<CaptureEvent> {
  readonly #source: ByteSource;

  /** The events that `source` holds. */
  constructor(source: ByteSource) {
    this.#source = source;
  }

  /** The events, in their order. */
  [Symbol.iterator](): Iterator<CaptureEvent> {
    return readEvents(this.#source);
  }
}

/** A place in a channel: after how many of its bytes. */
export interface ArrivalQuery {
  /** Number of the connection. */
  readonly channel: number;
  /** Which way. */
  readonly direction: Direction;
  /** Bytes of it that had to be there. */
  readonly offset: number;
}

/**
 * When the first `offset` bytes of channels had arrived, in one pass over the events.
 *
 * @param events The events of a capture.
 * @param queries What is asked for, in any order.
 * @returns For each query, in their order, nanoseconds since the recording began; undefined where it never came so far.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemorySource } from "@migwire/migwire/capture";
 * import { arrivalTimes, readEvents } from "./events.ts";
 *
 * const text = '{"t":5,"ch":0,"dir":"s2d","off":0,"len":8}\n{"t":9,"ch":0,"dir":"s2d","off":8,"len":8}\n';
 * const events = readEvents(new MemorySource(new TextEncoder().encode(text)));
 * const at = (offset: number) => ({ channel: 0, direction: "s2d" as const, offset });
 * assertEquals(arrivalTimes(events, [at(9), at(8), at(17)]), [9, 5, undefined]);
 * ```
 */
export function arrivalTimes(
  events: Iterable<CaptureEvent>,
  queries: readonly ArrivalQuery[],
): (number | undefined)[] {
  const times = new Array<number | undefined>(queries.length).fill(undefined);
  /** For each channel the queries that are open, those answered first at the end. */
  const open = new Map<string, { offset: number; index: number }[]>();
  for (const [index, { channel, direction, offset }] of queries.entries()) {
    const key = `${channel} ${direction}`;
    const waiting = open.get(key) ?? [];
    waiting.push({ offset, index });
    open.set(key, waiting);
  }
  for (const waiting of open.values()) waiting.sort((a, b) => b.offset - a.offset);
  for (const event of events) {
    if (event.kind !== "data") continue;
    const waiting = open.get(`${event.channel} ${event.direction}`) ?? [];
    const arrived = event.offset + event.length;
    for (let next = waiting.at(-1); next !== undefined && next.offset <= arrived; next = waiting.at(-1)) {
      times[next.index] = event.time;
      waiting.pop();
    }
  }
  return times;
}

interface Line {
  /** Without its end; undefined if it is longer than any line can be. */
  readonly text: string | undefined;
  /** Where it begins. */
  readonly offset: number;
  /** It has an end. */
  readonly whole: boolean;
}

/** The lines of a source. Keeps no more than one of them. */
function* lines(source: ByteSource): Generator<Line> {
  const decoder = new TextDecoder();
  const line = new Uint8Array(MAX_LINE);
  const buffer = new Uint8Array(BUFFER);
  let length = 0;
  let offset = 0;
  const text = (): string | undefined =>
    length > MAX_LINE ? undefined : decoder.decode(line.subarray(0, length)).trim();
  for (let at = 0; at < source.size;) {
    const count = source.readAt(at, buffer);
    if (count === 0) break;
    for (let start = 0; start < count;) {
      const found = buffer.subarray(0, count).indexOf(0x0a, start);
      const part = buffer.subarray(start, found < 0 ? count : found);
      if (length + part.length <= MAX_LINE) line.set(part, length);
      length += part.length;
      if (found < 0) break;
      yield { text: text(), offset, whole: true };
      length = 0;
      start = found + 1;
      offset = at + start;
    }
    at += count;
  }
  if (length > 0) yield { text: text(), offset, whole: false };
}

function parseEvent(text: string): CaptureEvent | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null) return undefined;
  const { t: time, ch: channel, ev, dir: direction, off: offset, len: length, error } = json as {
    [name: string]: unknown;
  };
  if (!isCount(time) || !isCount(channel)) return undefined;
  if (ev === "open") return { kind: "open", time, channel };
  if ((direction !== "s2d" && direction !== "d2s") || !isCount(offset)) return undefined;
  if (ev === undefined) {
    return isCount(length) ? { kind: "data", time, channel, direction, offset, length } : undefined;
  }
  if (ev !== "end" && ev !== "reset") return undefined;
  const reason = typeof error === "string" ? { error } : {};
  return { kind: ev, time, channel, direction, offset, ...reason };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
