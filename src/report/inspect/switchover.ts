import { arrivalTimes, type CaptureEvent, type ReadChannel } from "../../capture/values.ts";
import type { BaseRecord, CommandRecord } from "../../stream/mod.ts";
import { MIG_CMD } from "../../wire/mod.ts";
import type { SwitchoverSummary } from "./model.ts";

/** A place whose time of arrival is wanted. */
interface Place {
  readonly connection: number;
  readonly end: number;
}

/** Records that carry state of a VFIO device. */
const CARRIERS: ReadonlySet<string> = new Set(["multifd-device-state", "vfio-data", "vfio-config"]);

/** Measures the switchover: from SWITCHOVER_START on the main channel to the last device state on any channel. */
export class SwitchoverTally {
  #start: { offset: number; place: Place } | undefined;
  #eof: Place | undefined;
  #bytes = 0;
  /** End of the last device state on each connection. */
  readonly #last = new Map<number, number>();

  /** Looks at a record of any channel. */
  add(record: BaseRecord, { channel }: ReadChannel): void {
    const { kind } = record;
    if (CARRIERS.has(kind)) {
      // The main channel is read first: before the command it carries pre-copy state.
      if (this.#start === undefined && kind !== "multifd-device-state") return;
      this.#bytes += record.length;
      this.#last.set(channel.index, record.offset + record.length);
    } else if (kind === "eof") this.#eof = placeAfter(record, channel.index);
    else if (kind === "command" && (record as CommandRecord).command === MIG_CMD.SWITCHOVER_START) {
      this.#start ??= { offset: record.offset, place: placeAfter(record, channel.index) };
    }
  }

  /** The result; null if there was no SWITCHOVER_START. */
  summary(events: Iterable<CaptureEvent> | undefined): SwitchoverSummary | null {
    const start = this.#start;
    if (start === undefined) return null;
    const last = [...this.#last].map(([connection, end]): Place => ({ connection, end }));
    const [startTime, eofTime, ...lastTimes] = timesOf([start.place, this.#eof, ...last], events);
    const known = lastTimes.filter((time) => time !== null);
    const lastDevicePacketTime = known.length === 0 || known.length < last.length ? null : Math.max(...known);
    return {
      offset: start.offset,
      deviceStateBytes: this.#bytes,
      startTime: startTime ?? null,
      lastDevicePacketTime,
      eofTime: eofTime ?? null,
      nanoseconds: spanOf(startTime ?? null, lastDevicePacketTime),
    };
  }
}

function spanOf(start: number | null, end: number | null): number | null {
  return start === null || end === null ? null : end - start;
}

function placeAfter({ offset, length }: BaseRecord, connection: number): Place {
  return { connection, end: offset + length };
}

function timesOf(
  places: readonly (Place | undefined)[],
  events: Iterable<CaptureEvent> | undefined,
): (number | null)[] {
  if (events === undefined) return places.map(() => null);
  const queries = places.map((place) => ({
    channel: place?.connection ?? -1,
    direction: "s2d" as const,
    offset: place?.end ?? 0,
  }));
  return arrivalTimes(events, queries).map((time) => time ?? null);
}
