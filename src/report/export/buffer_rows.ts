import type { LoadEvent } from "../../load/mod.ts";
import type { RowSink } from "./tables.ts";

/** What is known of a buffer that is not loaded yet. */
interface Waiting {
  readonly channel: string;
  readonly bytes: number;
  readonly arrived: number;
  loading: number | null;
}

/** Makes a row of each device buffer, when it is loaded. Keeps those that are queued. */
export class BufferRows {
  readonly #sink: RowSink;
  readonly #devices = new Map<string, Map<number, Waiting>>();

  /** Rows go to `sink`. */
  constructor(sink: RowSink) {
    this.#sink = sink;
  }

  /** Takes note of what happens. */
  take({ kind, device, idx = -1, bytes = 0, channel = "", time }: LoadEvent): void {
    const waiting = this.#devices.get(device) ?? new Map<number, Waiting>();
    this.#devices.set(device, waiting);
    if (kind === "incoming") {
      if (!waiting.has(idx)) waiting.set(idx, { channel, bytes, arrived: time, loading: null });
      return;
    }
    const buffer = waiting.get(idx);
    if (buffer === undefined) return;
    if (kind === "loading") buffer.loading = time;
    else if (kind === "loaded" || kind === "config") {
      this.#row(device, idx, kind === "config" ? { ...buffer, loading: time } : buffer, time);
      waiting.delete(idx);
    }
  }

  /** Buffers that were never loaded. */
  finish(): void {
    for (const [device, waiting] of this.#devices) {
      for (const [idx, buffer] of waiting) this.#row(device, idx, buffer, null);
    }
    this.#devices.clear();
  }

  #row(idstr: string, idx: number, waiting: Waiting, loaded: number | null): void {
    const { channel, bytes, arrived, loading } = waiting;
    this.#sink("buffers", { idstr, idx, channel, bytes, arrived_ns: arrived, loading_ns: loading, loaded_ns: loaded });
  }
}
