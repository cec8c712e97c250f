import type { DeviceTask } from "../device_work.ts";
import type { LoadingDevice } from "../engine/mod.ts";

const NANOSECONDS = 1e9;

/** A task that is under way. */
interface Running<T> {
  readonly device: LoadingDevice<T>;
  readonly task: DeviceTask;
  /** When it is done, nanoseconds on the clock of the load. */
  readonly time: number;
}

/** Makes devices take their time, on the clock of the load: so many bytes a second each. */
export class DeviceRates<T> {
  readonly #bytesPerSecond: number | undefined;
  readonly #running = new Map<LoadingDevice<T>, Running<T>>();

  /** Devices that take `bytesPerSecond`; undefined: no time at all. */
  constructor(bytesPerSecond: number | undefined) {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Begins a task that takes time; false if it takes none, and is to be done at once. */
  delay(device: LoadingDevice<T>, task: DeviceTask, now: number): boolean {
    if (this.#bytesPerSecond === undefined || task.kind === "config") return false;
    const bytes = task.length - task.from;
    this.#running.set(device, { device, task, time: now + (bytes / this.#bytesPerSecond) * NANOSECONDS });
    return true;
  }

  /** The task that is done next. */
  earliest(): Running<T> | undefined {
    let first: Running<T> | undefined;
    for (const running of this.#running.values()) if (first === undefined || running.time < first.time) first = running;
    return first;
  }

  /** The task of a device is done. */
  finish(device: LoadingDevice<T>): void {
    this.#running.delete(device);
  }
}
