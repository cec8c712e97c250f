import { BufferQueue, type IncomingBuffer, NO_LIMITS, type QueueLimits, type QueueStatistics } from "./buffer_queue.ts";
import { LOADED, type Verdict } from "./verdict.ts";

/** The index before any config packet has come: QEMU's 2^32-1. */
const NO_CONFIG = 0xffffffff;

/**
 * Highest index that is taken. QEMU makes an array of 24 bytes for each index up to the highest that it has seen, whatever
 * the limits say, and ends when it has no memory for it (destination-engine.md B.7 row 38).
 */
export const INDEX_LIMIT = 1 << 20;

/** How a device is loaded. */
export interface DeviceLoaderOptions {
  /** What QEMU calls it in messages. */
  readonly name: string;
  /** Bounds of the queue. */
  readonly limits?: QueueLimits;
  /** `load config after iterables` is on: the config waits for CONFIG_LOAD_READY. */
  readonly gate?: boolean;
}

/** What a device's load thread does (destination-engine.md B.1). */
export type LoaderState =
  /** SWITCHOVER_START has not come. */
  | "none"
  /** Waits for the next buffer. */
  | "starved"
  /** A write to the device is under way. */
  | "writing"
  /** Waits for CONFIG_LOAD_READY. */
  | "gated"
  /** The device takes no bytes, and is asked again for ever. */
  | "spinning"
  /** The config is being loaded. */
  | "config"
  /** All is loaded. */
  | "done"
  /** It ended with an error. */
  | "failed"
  /** QEMU would be gone. */
  | "aborted";

/** What the loader asks for and tells. The handler answers `write` and `load-config` with a call, now or later. */
export interface LoaderHandler<T> {
  /** Write bytes `from` to `length` of a buffer to the device; answer with `written` or `writeFailed`. */
  write(idx: number, data: T, from: number, length: number): void;
  /** Load the config; answer with `configLoaded` or `configFailed`. */
  loadConfig(idx: number, data: T, length: number): void;
  /** The buffer that is next has not come yet. */
  starved?(idx: number): void;
  /** A buffer went to the device, whole. */
  loaded?(idx: number): void;
  /** The config waits for CONFIG_LOAD_READY. */
  gated?(): void;
  /** The load thread ended with an error. */
  failed?(verdict: Verdict): void;
}

/** Counters of a loader. */
export interface LoaderStatistics extends QueueStatistics {
  /** Data buffers that went to the device. */
  readonly buffersLoaded: number;
  /** Bytes that went to the device. */
  readonly bytesLoaded: number;
  /** Times the loader had to wait for the next buffer. */
  readonly starvations: number;
}

/**
 * Loads a VFIO device in multifd mode: buffers are queued by index as they come and go to the device in order, the
 * config last (destination-engine.md B.1 to B.6). Sans-IO: a call is an event, the handler gets the actions.
 *
 * The queue is sparse: an index costs what its buffer costs, however high it is.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DeviceLoader } from "@migwire/migwire/load";
 *
 * const order: string[] = [];
 * const loader: DeviceLoader<string> = new DeviceLoader({ name: "vf0" }, {
 *   write: (_idx, data, from, length) => {
 *     order.push(data);
 *     loader.written(length - from);
 *   },
 *   loadConfig: (_idx, data) => {
 *     order.push(data);
 *     loader.configLoaded();
 *   },
 * });
 * loader.start();
 * loader.packet({ idx: 2, length: 1, config: true, data: "config" });
 * loader.packet({ idx: 1, length: 1, config: false, data: "b" });
 * loader.packet({ idx: 0, length: 1, config: false, data: "a" });
 * assertEquals(order, ["a", "b", "config"]);
 * assertEquals(loader.state, "done");
 * ```
 */
export class DeviceLoader<T> {
  /** What QEMU calls the device. */
  readonly name: string;
  readonly #gate: boolean;
  readonly #handler: LoaderHandler<T>;
  readonly #queue: BufferQueue<T>;
  #state: LoaderState = "none";
  #next = 0;
  #last = NO_CONFIG;
  /** Bytes of the current buffer that are written. */
  #written = 0;
  #gateOpen = false;
  #wantExit = false;
  /** `#advance` is running: whoever calls from a handler only changes the state. */
  #advancing = false;
  /** The first thing that was wrong, be it with a packet or in the load thread. */
  #first: Verdict | undefined;
  /** How the load thread ended. */
  #ended: Verdict | undefined;
  /** State that QEMU loses without a word. */
  #lost: Verdict | undefined;
  /** Index of the config that was loaded; -1 before. */
  #loadedConfig = -1;
  #buffersLoaded = 0;
  #bytesLoaded = 0;
  #starvations = 0;

  /** A loader whose actions go to `handler`. */
  constructor(options: DeviceLoaderOptions, handler: LoaderHandler<T>) {
    this.name = options.name;
    this.#queue = new BufferQueue(options.name, options.limits ?? NO_LIMITS);
    this.#gate = options.gate ?? false;
    this.#handler = handler;
  }

  /** What the load thread does. */
  get state(): LoaderState {
    return this.#state;
  }

  /** Index that the loader wants. */
  get next(): number {
    return this.#next;
  }

  /** Index of the config packet, once one has come. */
  get configIndex(): number | undefined {
    return this.#last === NO_CONFIG ? undefined : this.#last;
  }

  /** Buffers that wait in the queue. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Counters. */
  get statistics(): LoaderStatistics {
    return {
      ...this.#queue.statistics,
      buffersLoaded: this.#buffersLoaded,
      bytesLoaded: this.#bytesLoaded,
      starvations: this.#starvations,
    };
  }

  /**
   * A packet came. Returns what is wrong with it: QEMU then ends this channel and shuts all the others, and does not tell
   * the load thread (B.2). Effects of the tests before the failing one remain.
   *
   * @param buffer Is kept until it is loaded, and so must not change.
   */
  packet(buffer: IncomingBuffer<T>): Verdict | undefined {
    if (this.#state === "aborted") return this.#ended;
    const { idx, config } = buffer;
    if (config) this.#last = idx;
    if (idx >= INDEX_LIMIT) {
      this.#abort("allocation", `index ${idx}: QEMU allocates ${24 * (idx + 1)} bytes for its table at once`);
      return this.#ended;
    }
    if (idx < this.#next || this.#queue.has(idx)) {
      return this.#refuse({
        kind: "error",
        code: "duplicate-idx",
        reason: `buffer ${idx} came twice`,
        qemu: `${this.name}: state buffer ${idx} already filled`,
      });
    }
    const refusal = this.#queue.add(buffer);
    if (refusal !== undefined) return this.#refuse(refusal);
    if (config && this.#loadedConfig >= 0) {
      this.#lost = this.#about(
        "lost-state",
        "extra-config",
        `config ${idx} came after config ${this.#loadedConfig} was loaded, and is never used`,
      );
    }
    this.#advance();
    return undefined;
  }

  #refuse(verdict: Omit<Verdict, "device">): Verdict {
    const full = { ...verdict, device: this.name };
    this.#first ??= full;
    return full;
  }

  /**
   * SWITCHOVER_START: the load thread begins. A second one while it runs makes QEMU abort (row 24); after the first has
   * loaded the config the second loads it once more (row 25).
   */
  start(): void {
    switch (this.#state) {
      case "none":
      case "done":
        this.#state = "starved";
        return this.#advance();
      case "failed":
      case "aborted":
        // Whatever a second thread would do: the first error stands.
        return;
      default:
        this.#abort("double-start", "SWITCHOVER_START came twice while the device is being loaded");
    }
  }

  /** CONFIG_LOAD_READY: all iterables are loaded. Returns what is wrong with it. */
  ready(): Verdict | undefined {
    if (this.#state === "aborted") return this.#ended;
    if (!this.#gate) {
      return this.#refuse({
        kind: "error",
        code: "ready-disabled",
        reason: "CONFIG_LOAD_READY, but the destination does not wait for it",
        qemu: `${this.name}: got DEV_CONFIG_LOAD_READY but was disabled`,
      });
    }
    if (this.#gateOpen) {
      return this.#refuse({
        kind: "error",
        code: "duplicate-ready",
        reason: "CONFIG_LOAD_READY came twice",
        qemu: `${this.name}: duplicate DEV_CONFIG_LOAD_READY`,
      });
    }
    this.#gateOpen = true;
    this.#advance();
    return undefined;
  }

  /**
   * The device took `count` bytes. None at all is something that QEMU tries again for ever (row 46).
   *
   * @param count Bytes, from 0 to as many as were to be written.
   * @throws {RangeError} If they are more, or nothing was to be written.
   */
  written(count: number): void {
    if (this.#state === "aborted") return;
    if (this.#state !== "writing") throw new RangeError("Cannot take note of a write: none is under way");
    const slot = this.#queue.get(this.#next);
    if (slot === undefined || count < 0 || count > slot.length - this.#written) {
      throw new RangeError(`Cannot have written ${count} bytes: fewer were to be written`);
    }
    if (count === 0) {
      this.#state = "spinning";
      return;
    }
    this.#written += count;
    this.#queue.taken(count);
    this.#bytesLoaded += count;
    if (this.#written === slot.length) this.#passed(slot);
    this.#state = "starved";
    this.#advance();
  }

  /** The device refused: `errno` as a positive number. */
  writeFailed(errno: number): void {
    if (this.#state === "aborted") return;
    this.#end("failed", {
      kind: "error",
      code: "device-write",
      reason: `the device refused buffer ${this.#next} with errno ${errno}`,
      qemu: `${this.name}: writing state buffer ${this.#next} failed: ${errno}`,
      device: this.name,
    });
  }

  /** The config is loaded. */
  configLoaded(): void {
    if (this.#state === "aborted") return;
    this.#loadedConfig = this.#next;
    this.#state = "done";
  }

  /** The config was refused, for the reason and with QEMU's text given. */
  configFailed(code: string, reason: string, qemu: string): void {
    if (this.#state === "aborted") return;
    this.#end("failed", { kind: "error", code, reason, qemu, device: this.name });
  }

  /** Cleanup: the thread is told to end (A.5). What was not loaded is dropped. */
  cancel(): void {
    this.#wantExit = true;
    this.#advance();
  }

  /**
   * What becomes of the device if nothing more comes: the main stream was read to its end, and QEMU waits for the load
   * thread (A.2.5). Of several things the one that ends QEMU, else the first.
   *
   * @param started SWITCHOVER_START has come at all.
   */
  verdict(started: boolean): Verdict {
    const thread = this.threadVerdict(started);
    return thread.kind === "would-abort" ? thread : this.#first ?? thread;
  }

  /** As {@linkcode verdict}, but only what the load thread comes to: a refused packet ends its channel, not the thread. */
  threadVerdict(started: boolean): Verdict {
    if (this.#ended !== undefined) return this.#ended;
    if (!started) {
      return this.#about("lost-state", "no-switchover-start", "no SWITCHOVER_START: its state is dropped");
    }
    switch (this.#state) {
      case "none":
      case "starved":
        return this.#starvation();
      case "writing":
        return this.#about("would-hang", "device", `the device does not answer to buffer ${this.#next}`);
      case "spinning":
        return this.#about("would-hang", "write-0", `the device takes no bytes of buffer ${this.#next}`);
      case "gated":
        return this.#about("would-hang", "gate", "the config waits for CONFIG_LOAD_READY, which does not come");
      case "config":
        return this.#about("would-hang", "device", "the config is not loaded");
      default:
        return this.#loss();
    }
  }

  #starvation(): Verdict {
    if (this.#queue.statistics.buffersQueued === 0) {
      return this.#about("would-hang", "no-packets", "no packet for it comes");
    }
    if (this.#last === NO_CONFIG && this.#queue.size === 0) {
      return this.#about("would-hang", "no-config", "its config does not come");
    }
    return this.#about("would-hang", "missing-idx", `buffer ${this.#next} does not come`);
  }

  /** State that was sent and never loaded although QEMU says success. */
  #loss(): Verdict {
    if (this.#lost !== undefined) return this.#lost;
    const above = [...this.#queue.indexes()].filter((idx) => idx > this.#loadedConfig).sort((a, b) => a - b);
    if (above.length === 0) return LOADED;
    const list = above.length > 8 ? `${above.slice(0, 8).join(", ")}, …` : above.join(", ");
    return this.#about(
      "lost-state",
      "buffers-after-config",
      `${above.length} buffers above the config's index ${this.#loadedConfig} are never loaded: ${list}`,
    );
  }

  #about(kind: Verdict["kind"], code: string, reason: string): Verdict {
    return { kind, code, reason, device: this.name };
  }

  #end(state: "failed" | "aborted", verdict: Verdict): void {
    this.#state = state;
    this.#ended = verdict;
    this.#first ??= verdict;
    if (state === "failed") this.#handler.failed?.(verdict);
  }

  #abort(code: string, reason: string): void {
    const before = this.#first === undefined ? "" : `, after an error: ${this.#first.reason}`;
    this.#end("aborted", this.#about("would-abort", code, `${reason}${before}`));
  }

  /** The current buffer is with the device. */
  #passed(slot: IncomingBuffer<T>): void {
    const idx = this.#next;
    this.#queue.remove(idx);
    this.#written = 0;
    this.#next = idx + 1;
    this.#buffersLoaded++;
    if (slot.config) {
      this.#lost = this.#about(
        "lost-state",
        "config-written-as-data",
        `config ${idx} was written to the device as data: a config with a higher index came before it was loaded`,
      );
    }
    this.#handler.loaded?.(idx);
  }

  /**
   * Takes the load thread as far as it goes (B.3, L1 to L9). A thread that waits is woken, one that works goes on by itself,
   * one that ended does not come back.
   */
  #advance(): void {
    if (this.#advancing) return;
    this.#advancing = true;
    try {
      while (this.#state === "starved" || this.#state === "gated") if (!this.#step()) return;
    } finally {
      this.#advancing = false;
    }
  }

  /** One round; false when the thread has to wait. */
  #step(): boolean {
    if (this.#written > 0) return this.#write();
    if (this.#wantExit) {
      this.#end("failed", {
        kind: "error",
        code: "cancelled",
        reason: "the load was cancelled",
        qemu: "operation cancelled",
        device: this.name,
      });
      return false;
    }
    if (this.#state === "gated") return this.#leaveGate();
    if (this.#next > this.#last) {
      this.#abort("last-below-next", `config index ${this.#last} is below ${this.#next}, the next to be loaded`);
      return false;
    }
    const slot = this.#queue.get(this.#next);
    if (slot === undefined) {
      this.#starvations++;
      this.#handler.starved?.(this.#next);
      return false;
    }
    if (this.#next === this.#last) return this.#config(slot);
    if (slot.length === 0) {
      this.#passed(slot);
      return true;
    }
    return this.#write();
  }

  /** What is left of the current buffer. Between its parts the thread looks for nothing else (B.3, L5). */
  #write(): boolean {
    const slot = this.#queue.get(this.#next);
    if (slot === undefined) return false;
    this.#state = "writing";
    this.#handler.write(this.#next, slot.data, this.#written, slot.length);
    return true;
  }

  #config(slot: IncomingBuffer<T>): boolean {
    if (this.#gate && !this.#gateOpen) {
      this.#state = "gated";
      this.#handler.gated?.();
      return false;
    }
    this.#state = "config";
    this.#handler.loadConfig(this.#next, slot.data, slot.length);
    return false;
  }

  /** A thread that waits at the gate looks at nothing else; what it then loads has to be the config still (B.3, L8). */
  #leaveGate(): boolean {
    if (!this.#gateOpen) return false;
    if (this.#next !== this.#last) {
      this.#abort("config-moved", `config index became ${this.#last} while config ${this.#next} waited to be loaded`);
      return false;
    }
    this.#state = "starved";
    return true;
  }
}
