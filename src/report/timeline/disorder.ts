import type { CaptureEvent, ReadChannel } from "../../capture/values.ts";
import { type BaseRecord, isVfioSection, type MultifdDeviceStateRecord } from "../../stream/mod.ts";
import { upToNul } from "../../wire/mod.ts";
import { arrivalDistances, type BufferArrival } from "../inspect/buffer_order.ts";
import type { DisorderHistogram } from "./model.ts";

/** Packets whose order is kept, as many as `inspect` keeps. */
const ARRIVAL_LIMIT = 1 << 18;

/** Devices that are kept. */
const DEVICE_LIMIT = 256;

interface Device {
  readonly idstr: string;
  readonly instanceId: number;
  readonly arrivals: BufferArrival[];
  arrived: number;
}

/** Notes in what order the buffers of each device came. */
export class DisorderTally {
  readonly #devices = new Map<string, Device>();

  /** Looks at a record of any channel. */
  add(record: BaseRecord, { channel }: ReadChannel): void {
    if (record.kind !== "multifd-device-state") return;
    const { idstr: text, instanceId, idx, offset, length } = record as MultifdDeviceStateRecord;
    const idstr = upToNul(text);
    if (idx === undefined || !isVfioSection(idstr)) return;
    const key = `${instanceId} ${idstr}`;
    let device = this.#devices.get(key);
    if (device === undefined) {
      if (this.#devices.size >= DEVICE_LIMIT) return;
      this.#devices.set(key, device = { idstr, instanceId, arrivals: [], arrived: 0 });
    }
    device.arrived++;
    if (device.arrivals.length < ARRIVAL_LIMIT) {
      device.arrivals.push({ idx, connection: channel.index, end: offset + length });
    }
  }

  /** The histograms. */
  histograms(events: Iterable<CaptureEvent> | undefined): DisorderHistogram[] {
    return [...this.#devices.values()].map(({ idstr, instanceId, arrivals, arrived }) => {
      if (arrivals.length < arrived) return { idstr, instanceId, order: "none", ranges: [] };
      const { distances, order } = arrivalDistances(arrivals, events);
      return { idstr, instanceId, order, ranges: rangesOf(distances) };
    });
  }
}

/** Counts distances in ranges that double: 0, 1, 2 to 3, 4 to 7. */
function rangesOf(distances: readonly number[]): DisorderHistogram["ranges"] {
  const counts: number[] = [];
  for (const distance of distances) {
    const range = distance === 0 ? 0 : Math.floor(Math.log2(distance)) + 1;
    while (counts.length <= range) counts.push(0);
    counts[range] = (counts[range] ?? 0) + 1;
  }
  return counts.map((buffers, i) => ({ from: i === 0 ? 0 : 2 ** (i - 1), to: i === 0 ? 0 : 2 ** i - 1, buffers }));
}
