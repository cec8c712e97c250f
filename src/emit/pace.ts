import type { ArrivalClock } from "../capture/mod.ts";

/** Some bytes that are about to be sent. */
export interface PacedBytes {
  /** How many. */
  readonly count: number;
  /** The connection that they were recorded on. */
  readonly connection: number;
  /** The byte behind them, in what was recorded there; infinite for the end of the connection. */
  readonly end: number;
}

/** Decides when bytes may go out. Times are milliseconds since sending began. */
export interface Pace {
  /** Bytes that are sent at a time at most. */
  readonly chunk: number;
  /** When these bytes, which are the next at hand at the time `now`, may be sent. */
  due(bytes: PacedBytes, now: number): number;
}

/** What fits into a socket's buffer; larger writes were no faster. */
const CHUNK = 1024 * 1024;

/** So fine is time kept. */
const PACED_CHUNK = 64 * 1024;

/** As fast as the target takes it. */
export const UNPACED: Pace = { chunk: CHUNK, due: () => 0 };

/**
 * As it was recorded, or faster or slower.
 *
 * @param arrivals When the bytes of the capture arrived.
 * @param speed 2 is twice as fast as recorded; more than 0.
 * @returns The pace.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ArrivalClock } from "@migwire/migwire/capture";
 * import { recordedPace } from "@migwire/migwire/emit";
 *
 * const at = (time: number, offset: number) =>
 *   ({ kind: "data", time, channel: 0, direction: "s2d", offset, length: 8 }) as const;
 * const pace = recordedPace(new ArrivalClock([at(5_000_000, 0), at(9_000_000, 8)]), 2);
 * assertEquals([8, 16].map((end) => pace.due({ count: 8, connection: 0, end }, 0)), [0, 2]);
 * ```
 */
export function recordedPace(arrivals: ArrivalClock, speed: number): Pace {
  let first: number | undefined;
  return {
    chunk: PACED_CHUNK,
    due({ connection, end }): number {
      const ended = end === Infinity ? arrivals.closedAt(connection, "s2d") : undefined;
      const time = (ended ?? arrivals.timeOf(connection, "s2d", end)) / 1e6;
      // What came before the first byte, such as the wait for the source, is no part of the migration.
      first ??= time;
      return Math.max(0, time - first) / speed;
    },
  };
}

/**
 * No faster than a line of so many megabits (of 10^6) a second, all connections together. A line that was idle does not
 * catch up.
 *
 * @param megabits More than 0.
 * @returns The pace.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { limitedPace } from "@migwire/migwire/emit";
 *
 * const pace = limitedPace(8); // 1000 bytes a millisecond
 * assertEquals(pace.due({ count: 3000, connection: 0, end: 3000 }, 0), 0);
 * assertEquals(pace.due({ count: 1, connection: 0, end: 3001 }, 1), 3);
 * ```
 */
export function limitedPace(megabits: number): Pace {
  const bytesPerMillisecond = megabits * 1e6 / 8 / 1000;
  /** When the line is free again. */
  let free = 0;
  return {
    chunk: PACED_CHUNK,
    due({ count }, now): number {
      const at = Math.max(free, now);
      free = at + count / bytesPerMillisecond;
      return at;
    },
  };
}
