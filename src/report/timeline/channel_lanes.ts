import type { Capture, CaptureChannel, Direction, ReadChannel } from "../../capture/values.ts";
import {
  type BaseRecord,
  isVfioSection,
  type LongSectionRecord,
  type MultifdDeviceStateRecord,
  type ShortSectionRecord,
} from "../../stream/mod.ts";
import { upToNul, VFIO_PACKET_HEADER_SIZE } from "../../wire/mod.ts";
import { contentKind } from "./content_kind.ts";
import { LaneBins, type ReachList } from "./lane_bins.ts";
import type { AnswerTicks, CarriedBytes, ChannelLane, ContentKind, TimelineAxis } from "./model.ts";
import { readReaches, type Span } from "./reach.ts";

/** Kinds of messages times return paths that are kept. */
const TICK_LIMIT = 256;

/** What is known of when channels came, along each axis. */
export interface Arrivals {
  /** For each axis how far a channel had come. */
  reach(connection: number, direction: Direction): readonly ReachList[];
  /** When it was there. */
  spanOf(connection: number, direction: Direction): Span;
}

/** What the events of a capture say, or, without events, that each channel came byte after byte. */
export function arrivalsOf(capture: Capture, axes: readonly TimelineAxis[]): Arrivals {
  if (capture.events === undefined) {
    const reach = axes.map(({ width, bins }) => Float64Array.from({ length: bins + 1 }, (_, i) => i * width));
    return { reach: () => reach, spanOf: () => ({ opened: null, closed: null, reset: false }) };
  }
  const { reaches, spanOf } = readReaches(capture.events, axes);
  return {
    // What no event tells of came at the very end, when the recording was closed.
    reach: (connection, direction) =>
      reaches.map((reach) => reach.of(connection, direction) ?? silent(reach.axis, reach === reaches[0])),
    spanOf,
  };
}

function silent({ bins }: TimelineAxis, toTheEnd: boolean): Float64Array {
  const reach = new Float64Array(bins + 1);
  if (toTheEnd) reach[bins] = Infinity;
  return reach;
}

/** What one channel brought. */
interface Channel {
  readonly entry: ReadChannel;
  readonly lanes: readonly LaneBins[];
  readonly carried: Map<ContentKind, number>;
}

/** State of a VFIO device that came, on whichever channel. */
interface ArrivedState {
  readonly idstr: string;
  /** Pieces and bytes by axis and bin. */
  readonly arrived: readonly { readonly buffers: Float64Array; readonly bytes: Float64Array }[];
}

/** Devices that are kept. */
const DEVICE_LIMIT = 256;

/** Puts the bytes of all channels into bins, along several axes at once. */
export class ChannelLanes {
  readonly #axes: readonly TimelineAxis[];
  readonly #arrivals: Arrivals;
  readonly #channels = new Map<CaptureChannel, Channel>();
  readonly #ticks: readonly Map<string, { channel: string; kind: string; counts: Map<number, number> }>[];
  readonly #devices = new Map<string, ArrivedState>();
  #current: Channel | undefined;
  #section: string | undefined;

  /** Lanes along `axes`. */
  constructor(axes: readonly TimelineAxis[], arrivals: Arrivals) {
    this.#axes = axes;
    this.#arrivals = arrivals;
    this.#ticks = axes.map(() => new Map());
  }

  /** Looks at a record of any channel. */
  add(record: BaseRecord, entry: ReadChannel): void {
    if (this.#current?.entry !== entry) this.#enter(entry);
    const current = this.#current;
    if (current === undefined) return;
    const { kind, offset, length } = record;
    const content = contentKind(record, entry.identity.role);
    current.carried.set(content, (current.carried.get(content) ?? 0) + length);
    const bins = current.lanes.map((lane) => lane.add(content, offset, offset + length));
    if (kind.startsWith("rp-")) this.#answer(record, entry, bins);
    else if (kind.startsWith("section-")) this.#sectionOf(record);
    else if (kind === "vfio-data" || kind === "vfio-config") {
      this.#state(this.#section, record.payload?.length ?? length, bins);
    } else if (kind === "multifd-device-state") this.#packet(record as MultifdDeviceStateRecord, bins);
  }

  #enter(entry: ReadChannel): void {
    const { index, direction } = entry.channel;
    const lanes = this.#arrivals.reach(index, direction).map((reach) => new LaneBins(reach));
    this.#current = { entry, lanes, carried: new Map() };
    this.#channels.set(entry.channel, this.#current);
    this.#section = undefined;
  }

  #sectionOf(record: BaseRecord): void {
    if (record.kind === "section-footer") return;
    const { idstr = "" } = record as LongSectionRecord | ShortSectionRecord;
    this.#section = isVfioSection(idstr) ? idstr : undefined;
  }

  #packet({ idstr: text, idx, nextPacketSize }: MultifdDeviceStateRecord, bins: readonly (number | undefined)[]): void {
    const idstr = upToNul(text);
    if (idx !== undefined && isVfioSection(idstr)) this.#state(idstr, nextPacketSize - VFIO_PACKET_HEADER_SIZE, bins);
  }

  /** State of a device came. */
  #state(idstr: string | undefined, length: number, bins: readonly (number | undefined)[]): void {
    if (idstr === undefined) return;
    let device = this.#devices.get(idstr);
    if (device === undefined) {
      if (this.#devices.size >= DEVICE_LIMIT) return;
      const arrived = this.#axes.map((axis) => ({
        buffers: new Float64Array(axis.bins),
        bytes: new Float64Array(axis.bins),
      }));
      this.#devices.set(idstr, device = { idstr, arrived });
    }
    for (const [i, { buffers, bytes }] of device.arrived.entries()) {
      const bin = bins[i];
      if (bin === undefined) continue;
      buffers[bin] = (buffers[bin] ?? 0) + 1;
      bytes[bin] = (bytes[bin] ?? 0) + length;
    }
  }

  #answer({ kind }: BaseRecord, { label }: ReadChannel, bins: readonly (number | undefined)[]): void {
    for (const [i, ticks] of this.#ticks.entries()) {
      const bin = bins[i];
      if (bin === undefined) continue;
      const key = `${kind} ${label}`;
      let tick = ticks.get(key);
      if (tick === undefined) {
        if (ticks.size >= TICK_LIMIT) continue;
        ticks.set(key, tick = { channel: label, kind, counts: new Map() });
      }
      tick.counts.set(bin, (tick.counts.get(bin) ?? 0) + 1);
    }
  }

  /** The lanes along one of the axes; `all`: the channels in the order in which they are to be. */
  lanes(view: number, all: readonly ReadChannel[]): ChannelLane[] {
    return all.map(({ label, identity: { role }, channel }) => {
      const span = this.#arrivals.spanOf(channel.index, channel.direction);
      return { label, role, ...span, kinds: this.#channels.get(channel)?.lanes[view]?.kinds ?? {} };
    });
  }

  /** What the destination said, along one of the axes. */
  answers(view: number): AnswerTicks[] {
    return [...this.#ticks[view]?.values() ?? []].map(({ channel, kind, counts }) => ({
      channel,
      kind,
      bins: [...counts].map(([bin, count]) => ({ bin, count })),
    }));
  }

  /** What came of a device's state, along one of the axes; undefined if nothing did. */
  arrived(idstr: string, view: number): { readonly buffers: number[]; readonly bytes: number[] } | undefined {
    const arrived = this.#devices.get(idstr)?.arrived[view];
    return arrived === undefined ? undefined : { buffers: [...arrived.buffers], bytes: [...arrived.bytes] };
  }

  /** Bytes by channel and kind. */
  carried(all: readonly ReadChannel[]): CarriedBytes[] {
    return all.map(({ label, identity: { role }, channel }) => ({
      label,
      role,
      kinds: Object.fromEntries(this.#channels.get(channel)?.carried ?? []),
    }));
  }
}
