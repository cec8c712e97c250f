import type { LoadEvent } from "../../load/mod.ts";
import { type Bins, type GrowingAxis, largest, sum } from "./growing_axis.ts";
import type { DeviceLane } from "./model.ts";

/** What a device's load thread is about. */
type Activity = "loading" | "starving" | "gated";

/** What is kept of one device along one axis. */
interface Tracks {
  readonly arrivedBuffers: Bins;
  readonly arrivedBytes: Bins;
  readonly loadedBuffers: Bins;
  readonly loading: Bins;
  readonly starving: Bins;
  readonly gated: Bins;
  readonly queuedBuffers: Bins;
  readonly queuedBytes: Bins;
}

function tracksOf(axis: GrowingAxis): Tracks {
  return {
    arrivedBuffers: axis.bins(sum),
    arrivedBytes: axis.bins(sum),
    loadedBuffers: axis.bins(sum),
    loading: axis.bins(sum),
    starving: axis.bins(sum),
    gated: axis.bins(sum),
    queuedBuffers: axis.bins(largest),
    queuedBytes: axis.bins(largest),
  };
}

/** One device: what it does, and what waits for it. */
class Device {
  readonly #tracks: readonly (readonly [GrowingAxis, Tracks])[];
  /** Bytes of each buffer that came and is not loaded. */
  readonly #queue = new Map<number, number>();
  #queuedBytes = 0;
  /** Index that is loaded next: what comes below it is refused. */
  #next = 0;
  #activity: Activity | undefined;
  #since = 0;

  constructor(axes: readonly GrowingAxis[]) {
    this.#tracks = axes.map((axis) => [axis, tracksOf(axis)]);
  }

  take({ kind, idx, bytes = 0 }: LoadEvent, now: number): void {
    this.#pass(now);
    // Devices that are loaded from the main channel have no queue, and do not say when they are done.
    if (kind === "state" || idx === undefined && kind !== "gated") return;
    if (kind === "incoming") return this.#arrive(idx ?? 0, bytes, now);
    // What comes on the main channel before the switchover goes to the device past its queue.
    if (kind === "loading" && !this.#queue.has(idx ?? 0)) return;
    this.#activity = ACTIVITIES[kind];
    if (kind === "loaded" || kind === "config") this.#leave(idx ?? 0, now);
  }

  #arrive(idx: number, bytes: number, now: number): void {
    for (const [axis, { arrivedBuffers, arrivedBytes }] of this.#tracks) {
      const bin = axis.reach(now);
      if (bin === undefined) continue;
      arrivedBuffers.put(bin, 1);
      arrivedBytes.put(bin, bytes);
    }
    if (idx < this.#next || this.#queue.has(idx)) return;
    this.#queue.set(idx, bytes);
    this.#queuedBytes += bytes;
    this.#cover(now, now);
  }

  #leave(idx: number, now: number): void {
    this.#queuedBytes -= this.#queue.get(idx) ?? 0;
    this.#queue.delete(idx);
    this.#next = idx + 1;
    for (const [axis, { loadedBuffers }] of this.#tracks) {
      const bin = axis.reach(now);
      if (bin !== undefined) loadedBuffers.put(bin, 1);
    }
  }

  /** Time passes in which nothing changes. */
  #pass(now: number): void {
    const activity = this.#activity;
    if (activity !== undefined) {
      for (const [axis, tracks] of this.#tracks) axis.spread(this.#since, now, tracks[activity]);
    }
    this.#cover(this.#since, now);
    this.#since = now;
  }

  #cover(from: number, to: number): void {
    if (this.#queue.size === 0) return;
    for (const [axis, { queuedBuffers, queuedBytes }] of this.#tracks) {
      axis.cover(from, to, this.#queue.size, queuedBuffers);
      axis.cover(from, to, this.#queuedBytes, queuedBytes);
    }
  }

  /** Nothing more happens until each axis ends. */
  finish(ends: readonly number[]): void {
    const activity = this.#activity;
    for (const [i, [axis, tracks]] of this.#tracks.entries()) {
      const end = Math.max(this.#since, ends[i] ?? 0);
      if (activity !== undefined) axis.spread(this.#since, end, tracks[activity]);
      if (this.#queue.size === 0) continue;
      axis.cover(this.#since, end, this.#queue.size, tracks.queuedBuffers);
      axis.cover(this.#since, end, this.#queuedBytes, tracks.queuedBytes);
    }
  }

  lists(view: number): DeviceLists {
    const track = this.#tracks[view];
    if (track === undefined) return NOTHING;
    const [{ axis: { bins } }, tracks] = track;
    return Object.fromEntries(Object.entries(tracks).map(([name, one]) => [name, one.list(bins)])) as DeviceLists;
  }
}

const ACTIVITIES: { readonly [kind in LoadEvent["kind"]]?: Activity } = {
  loading: "loading",
  starved: "starving",
  gated: "gated",
};

/** The lists of a {@linkcode DeviceLane}. */
export type DeviceLists = { readonly [K in keyof Tracks]: DeviceLane[K] };

const NOTHING: DeviceLists = {
  arrivedBuffers: [],
  arrivedBytes: [],
  loadedBuffers: [],
  loading: [],
  starving: [],
  gated: [],
  queuedBuffers: [],
  queuedBytes: [],
};

/** Follows the devices of a load along several axes. */
export class DeviceTracks {
  readonly #axes: readonly GrowingAxis[];
  readonly #counts: boolean;
  readonly #devices = new Map<string, Device>();
  #steps = 0;

  /** Follows along `axes`; `counts`: the time of an event is how many came before it. */
  constructor(axes: readonly GrowingAxis[], counts: boolean) {
    this.#axes = axes;
    this.#counts = counts;
  }

  /** Something happened. */
  take(event: LoadEvent): void {
    let device = this.#devices.get(event.device);
    if (device === undefined) this.#devices.set(event.device, device = new Device(this.#axes));
    device.take(event, this.#counts ? this.#steps++ : event.time);
  }

  /** Nothing more happens; each axis is followed to its end at least. */
  finish(ends: readonly number[]): void {
    const last = this.#counts ? this.#axes.map(() => this.#steps) : ends;
    for (const device of this.#devices.values()) device.finish(last);
  }

  /** What happened to a device, along one of the axes; undefined if nothing did. */
  of(idstr: string, view: number): DeviceLists | undefined {
    return this.#devices.get(idstr)?.lists(view);
  }
}
