import type { IncomingBuffer } from "./buffer_queue.ts";
import { DeviceLoader } from "./device_loader.ts";
import type { DeviceSettings } from "./settings.ts";
import type { Verdict } from "./verdict.ts";
import { destinationArcs, nextVfioState, type VfioDeviceState, type VfioMoment } from "./vfio_states.ts";

/** Linux's number of an input/output error. */
const EIO = 5;

/** What the engine asks for, and what it tells. Each `write` and `loadConfig` is answered on the device, now or later. */
export interface DestinationHandler<T> {
  /** Write bytes `from` to `length` of what came to the device: answer with `written` or `writeFailed`. */
  write(device: LoadingDevice<T>, data: T, from: number, length: number): void;
  /** Load the config: answer with `configLoaded` or `configFailed`. */
  loadConfig(device: LoadingDevice<T>, data: T, length: number): void;
  /** The device is made ready: its queue exists. */
  setUp?(device: LoadingDevice<T>): void;
  /** The load of the device is over; nothing more is asked of it. Called once for each that was set up, on every way out. */
  cleanUp?(device: LoadingDevice<T>): void;
  /** A packet of the device came that it may have, with so many bytes of data, whatever becomes of it. */
  incoming?(device: LoadingDevice<T>, idx: number, length: number): void;
  /** The device waits for a buffer. */
  starved?(device: LoadingDevice<T>, idx: number): void;
  /** The device has a buffer. */
  loaded?(device: LoadingDevice<T>, idx: number): void;
  /** The device waits for CONFIG_LOAD_READY. */
  gated?(device: LoadingDevice<T>): void;
  /** The destination sends a message on the return path. */
  answer?(answer: ReturnPathAnswer): void;
  /** The device changed its state. */
  state?(device: LoadingDevice<T>, state: VfioDeviceState): void;
}

/** A message that the destination sends. */
export interface ReturnPathAnswer {
  /** Its name. */
  readonly message: "PONG" | "SWITCHOVER_ACK" | "SHUT";
  /** Its value, where it has one. */
  readonly value?: number;
}

/** What a device asks of its destination. */
export interface DeviceHost {
  /** What came on the main channel was refused. */
  fail(verdict: Verdict): void;
  /** The device's load thread ended with an error. */
  threadFailed(verdict: Verdict): void;
  /** Something is suspicious. */
  warn(code: string, message: string): void;
  /** Whether a load thread has to wait with its config: the main channel holds the lock that it needs (A.7). */
  isLocked(): boolean;
}

/** Something that came for the device on the main channel and is under way to it. */
interface MainWork<T> {
  readonly data: T;
  readonly length: number;
  readonly isConfig: boolean;
  /** Bytes that the device has. */
  written: number;
}

/** Who waits for an answer of the device: a request of the main channel, or of the load thread. */
type Asker = "main" | "thread";

/** A request that is made when the one before it is answered: a device does one thing at a time. */
interface Request {
  readonly asker: Asker;
  make(): void;
}

/** A VFIO device of the destination while it is loaded. */
export class LoadingDevice<T> {
  /** Name of its section. */
  readonly idstr: string;
  /** Instance of its section. */
  readonly instanceId: number;
  /** What the destination was told about it. */
  readonly settings: DeviceSettings;
  /** Its queue; undefined if its state comes on the main channel. */
  readonly loader: DeviceLoader<T> | undefined;
  readonly #handler: DestinationHandler<T>;
  readonly #host: DeviceHost;
  /** Whose request is with the device. */
  #asker: Asker | undefined;
  readonly #requests: Request[] = [];
  #isAsking = false;
  /** A config that waits until the main channel gives the lock away. */
  #held: Request | undefined;
  #state: VfioDeviceState = "RUNNING";
  #mainWork: MainWork<T> | undefined;
  /** Bytes that came on the main channel. */
  mainBytes = 0;
  /** DATA records that came on the main channel. */
  mainRecords = 0;
  /** The config came on the main channel and was loaded. */
  mainConfig = false;

  /** A device of `host`, whose handler does what is asked for it. */
  constructor(
    place: { readonly idstr: string; readonly instanceId: number },
    settings: DeviceSettings,
    handler: DestinationHandler<T>,
    host: DeviceHost,
  ) {
    this.idstr = place.idstr;
    this.instanceId = place.instanceId;
    this.settings = settings;
    this.#handler = handler;
    this.#host = host;
    const { name, limits, gate } = settings;
    this.loader = settings.multifdTransfer
      ? new DeviceLoader<T>({ name, limits, gate }, {
        write: (_idx, data, from, length) => this.#ask("thread", () => handler.write(this, data, from, length)),
        loadConfig: (_idx, data, length) =>
          this.#askForConfig({ asker: "thread", make: () => handler.loadConfig(this, data, length) }),
        starved: (idx) => handler.starved?.(this, idx),
        loaded: (idx) => handler.loaded?.(this, idx),
        gated: () => handler.gated?.(this),
        failed: (verdict) => host.threadFailed(verdict),
      })
      : undefined;
  }

  /** State of the device in the kernel's terms. */
  get state(): VfioDeviceState {
    return this.#state;
  }

  /** The main channel waits for the device. */
  get busy(): boolean {
    return this.#mainWork !== undefined;
  }

  /** Its load thread holds its queue and waits for the lock that the main channel has: no packet of it gets in. */
  get holdsQueue(): boolean {
    return this.#held !== undefined;
  }

  /** Something about what came for it is suspicious. */
  warn(code: string, message: string): void {
    this.#host.warn(code, `"${this.idstr}": ${message}`);
  }

  /** The main channel gave the lock away: a config that waited for it is loaded. */
  unlock(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#ask(held.asker, held.make);
  }

  #askForConfig(request: Request): void {
    this.#held = request;
    if (!this.#host.isLocked()) this.unlock();
  }

  #ask(asker: Asker, make: () => void): void {
    this.#requests.push({ asker, make });
    this.#askNext();
  }

  /** Makes requests until one is not answered at once. */
  #askNext(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      while (this.#asker === undefined) {
        const next = this.#requests.shift();
        if (next === undefined) return;
        this.#asker = next.asker;
        next.make();
      }
    } finally {
      this.#isAsking = false;
    }
  }

  /** The request that was with the device is answered; tells whose it was. */
  #answered(): Asker | undefined {
    const asker = this.#asker;
    this.#asker = undefined;
    return asker;
  }

  /** A moment of the migration has come. */
  move(moment: VfioMoment): void {
    const state = nextVfioState(destinationArcs(this.settings), this.#state, moment);
    if (state === this.#state) return;
    this.#state = state;
    this.#handler.state?.(this, state);
  }

  /** A packet came. Returns what is wrong with it. */
  packet(buffer: IncomingBuffer<T>): Verdict | undefined {
    if (this.loader !== undefined) {
      this.#handler.incoming?.(this, buffer.idx, buffer.length);
      return this.loader.packet(buffer);
    }
    return {
      kind: "error",
      code: "mode-mismatch",
      reason: "device state came on a multifd channel, but the destination loads the device from the main channel",
      qemu: `${this.settings.name}: got device state packet but not doing multifd transfer`,
      device: this.settings.name,
    };
  }

  /** Device data came on the main channel, in either mode. */
  mainData(data: T, length: number): void {
    this.mainRecords++;
    this.mainBytes += length;
    if (length === 0) return;
    this.#mainWork = { data, length, isConfig: false, written: 0 };
    this.#askForMainWork();
  }

  /** The config came on the main channel. */
  mainConfigData(data: T, length: number): void {
    this.#mainWork = { data, length, isConfig: true, written: 0 };
    this.#askForMainWork();
  }

  #askForMainWork(): void {
    const work = this.#mainWork;
    if (work === undefined) return;
    const { data, length, isConfig, written } = work;
    this.#ask("main", () => {
      if (isConfig) this.#handler.loadConfig(this, data, length);
      else this.#handler.write(this, data, written, length);
    });
  }

  /** The device took `count` bytes of what it was to be given. */
  written(count: number): void {
    if (this.#answered() === "main") this.#mainWritten(count);
    else this.loader?.written(count);
    this.#askNext();
  }

  #mainWritten(count: number): void {
    const work = this.#mainWork;
    if (work === undefined) return;
    work.written += count;
    if (count === 0) this.#mainRefused(EIO);
    else if (work.written < work.length) this.#askForMainWork();
    else this.#mainWork = undefined;
  }

  /** The device refused what it was to be given: `errno` as a positive number. */
  writeFailed(errno: number): void {
    if (this.#answered() === "main") this.#mainRefused(errno);
    else this.loader?.writeFailed(errno);
    this.#askNext();
  }

  /** What an error of a write means on the main channel, where a write of nothing is one (vfio.md §8, E11). */
  #mainRefused(errno: number): void {
    this.#mainWork = undefined;
    this.#host.fail({
      kind: "error",
      code: "device-write",
      reason: `the device refused its data with errno ${errno}`,
      device: this.settings.name,
    });
  }

  /** The config is loaded. */
  configLoaded(): void {
    if (this.#answered() === "main") {
      this.#mainWork = undefined;
      this.mainConfig = true;
    } else this.loader?.configLoaded();
    this.#askNext();
  }

  /** The config was refused, for the reason and with QEMU's text given. */
  configFailed(code: string, reason: string, qemu: string): void {
    if (this.#answered() === "main") {
      this.#mainWork = undefined;
      this.#host.fail({ kind: "error", code, reason, qemu, device: this.settings.name });
    } else this.loader?.configFailed(code, reason, qemu);
    this.#askNext();
  }
}
