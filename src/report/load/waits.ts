import { INDEX_LIMIT, type LoadEvent } from "../../load/mod.ts";

/** What one device waited for, and what waited for it. */
export interface DeviceWaits {
  /** How long it had no buffer to load. */
  readonly starvedTime: number;
  /** When its config began to wait for CONFIG_LOAD_READY; null if it did not. */
  readonly gatedFrom: number | null;
  /** When its config was loaded; null if it was not. */
  readonly configTime: number | null;
  /** When a buffer came; 0 for one that did not. */
  cameAt(idx: number): number;
}

/** What is noted of a device. */
class Notes implements DeviceWaits {
  starvedTime = 0;
  gatedFrom: number | null = null;
  configTime: number | null = null;
  /** Since when it starves. */
  #starvingSince: number | undefined;
  /** When each buffer came, by its index, which is at most QEMU's: 8 MiB of times. */
  readonly #came: number[] = [];

  take({ kind, idx = 0, time }: LoadEvent): void {
    if (kind === "state") return;
    if (kind === "incoming") {
      if (idx < INDEX_LIMIT) this.#came[idx] ??= time;
      return;
    }
    if (this.#starvingSince !== undefined) this.starvedTime += time - this.#starvingSince;
    this.#starvingSince = kind === "starved" ? time : undefined;
    if (kind === "gated") this.gatedFrom = time;
    if (kind === "config") this.configTime = time;
  }

  cameAt(idx: number): number {
    return this.#came[idx] ?? 0;
  }
}

/** Takes note of what waits while a capture is loaded. */
export class Waits {
  readonly #devices = new Map<string, Notes>();

  /** Takes note of what happens. */
  take(event: LoadEvent): void {
    const notes = this.#devices.get(event.device) ?? new Notes();
    this.#devices.set(event.device, notes);
    notes.take(event);
  }

  /** What a device waited for, by the name of its section. */
  of(device: string): DeviceWaits {
    return this.#devices.get(device) ?? new Notes();
  }
}
