/**
 * The load thread of a device as destination-engine.md B.2 and B.3 write it down, for tests to compare the engine with:
 * line by line, without a thought of speed or memory.
 *
 * @module
 */

/** A packet. */
export interface NaivePacket {
  readonly idx: number;
  readonly length: number;
  readonly config: boolean;
}

/** What the thread waits for. */
type Wait = "buffer" | "device" | "gate" | "config" | "ever";

/** An answer of the device: bytes taken, an errno below zero; of a config 0 or -1. */
type Thread = Generator<Wait, void, number>;

/** How the device is loaded. */
export interface NaiveOptions {
  readonly gate: boolean;
  readonly maxBytes: number;
  readonly maxBuffers: number;
}

const NOT_SEEN = 2 ** 32 - 1;

/** Slots that QEMU has memory for, as far as we go. */
const MOST_SLOTS = 2 ** 20;

/** A device. */
export class NaiveLoader {
  readonly #options: NaiveOptions;
  /** Whatever was stored: `present` is never cleared. */
  readonly #slots: NaivePacket[] = [];
  /** Everything that was done, in order. */
  readonly log: string[] = [];
  #thread: Thread | undefined;
  wait: Wait | undefined;
  next = 0;
  last = NOT_SEEN;
  queuedBytes = 0;
  queuedBuffers = 0;
  peakBytes = 0;
  peakBuffers = 0;
  #gateOpen = false;
  #wantExit = false;
  #started = false;
  aborted: string | undefined;
  failed: string | undefined;
  #firstError: string | undefined;
  #loadedConfig = -1;
  #lost: string | undefined;

  constructor(options: NaiveOptions) {
    this.#options = options;
  }

  /** PACKET of B.2; the code of what is wrong. */
  packet(packet: NaivePacket): string | undefined {
    if (this.aborted !== undefined) return this.aborted;
    if (packet.config) this.last = packet.idx;
    if (packet.idx + 1 > MOST_SLOTS) return this.aborted = "allocation";
    if (this.#at(packet.idx) !== undefined) return this.#refuse("duplicate-idx");
    this.peakBuffers = Math.max(this.peakBuffers, this.queuedBuffers + 1);
    if (this.queuedBuffers + 1 > this.#options.maxBuffers) return this.#refuse("buffer-limit");
    this.queuedBytes += packet.length;
    this.peakBytes = Math.max(this.peakBytes, this.queuedBytes);
    if (this.queuedBytes > this.#options.maxBytes) return this.#refuse("size-limit");
    this.queuedBuffers++;
    this.#slots.push(packet);
    if (packet.config && this.#loadedConfig !== -1) this.#lost = "extra-config";
    this.#wake();
    return undefined;
  }

  /** SWITCHOVER_START. */
  start(): void {
    this.#started = true;
    if (this.aborted !== undefined || this.failed !== undefined) return;
    if (this.#thread !== undefined) {
      this.aborted = "double-start";
      return;
    }
    this.#thread = this.#run();
    this.#resume(0);
  }

  /** LOAD_READY; the code of what is wrong. */
  ready(): string | undefined {
    if (this.aborted !== undefined) return this.aborted;
    if (!this.#options.gate) return this.#refuse("ready-disabled");
    if (this.#gateOpen) return this.#refuse("duplicate-ready");
    this.#gateOpen = true;
    this.#wake();
    return undefined;
  }

  /** CLEANUP. */
  cancel(): void {
    this.#wantExit = true;
    this.#wake();
  }

  /** The device answers. */
  answer(value: number): void {
    if (this.aborted === undefined) this.#resume(value);
  }

  #at(idx: number): NaivePacket | undefined {
    return this.#slots.find((slot) => slot.idx === idx);
  }

  #refuse(code: string): string {
    this.#firstError ??= code;
    return code;
  }

  #wake(): void {
    if (this.aborted === undefined && (this.wait === "buffer" || this.wait === "gate")) this.#resume(0);
  }

  #resume(value: number): void {
    const { value: wait, done } = this.#thread?.next(value) ?? { value: undefined, done: true };
    this.wait = wait ?? undefined;
    if (done) this.#thread = undefined;
  }

  #fail(code: string): void {
    this.failed = code;
    this.#firstError ??= code;
    this.log.push(`failed ${code}`);
  }

  *#run(): Thread {
    for (;;) {
      // L1
      if (this.#wantExit) return this.#fail("cancelled");
      // L2
      if (this.next > this.last) {
        this.aborted = "last-below-next";
        return;
      }
      // L3
      const slot = this.#at(this.next);
      if (slot === undefined) {
        this.log.push(`starved ${this.next}`);
        yield "buffer";
        continue;
      }
      // L4
      if (this.next === this.last) break;
      // L5
      let rest = slot.length;
      while (rest > 0) {
        this.log.push(`write ${this.next} ${slot.length - rest}..${slot.length}`);
        const count = yield "device";
        if (count < 0) return this.#fail("device-write");
        while (count === 0) yield "ever";
        rest -= count;
        this.queuedBytes -= count;
      }
      this.queuedBuffers--;
      if (slot.config) this.#lost = "config-written-as-data";
      // L6; whoever is told of the buffer sees the next index
      this.next++;
      this.log.push(`loaded ${slot.idx}`);
    }
    // L8
    if (this.#options.gate && !this.#gateOpen) {
      this.log.push("gated");
      do {
        yield "gate";
        if (this.#wantExit) return this.#fail("cancelled");
      } while (!this.#gateOpen);
      // QEMU asserts that what it loads is the config still.
      if (this.next !== this.last) {
        this.aborted = "config-moved";
        return;
      }
    }
    // L9
    this.log.push(`config ${this.next}`);
    if ((yield "config") < 0) return this.#fail("bad-config");
    this.#loadedConfig = this.next;
  }

  /** The row of B.7 that it comes to when nothing more happens. */
  verdict(): string {
    if (this.aborted !== undefined) return `would-abort(${this.aborted})`;
    if (this.#firstError !== undefined) return `error(${this.#firstError})`;
    if (!this.#started) return "lost-state(no-switchover-start)";
    switch (this.wait) {
      case "gate":
        return "would-hang(gate)";
      case "ever":
        return "would-hang(write-0)";
      case "device":
      case "config":
        return "would-hang(device)";
      case "buffer": {
        if (this.#slots.length === 0) return "would-hang(no-packets)";
        const above = this.#slots.some(({ idx }) => idx > this.next);
        return this.last === NOT_SEEN && !above ? "would-hang(no-config)" : "would-hang(missing-idx)";
      }
    }
    if (this.#lost !== undefined) return `lost-state(${this.#lost})`;
    const unused = this.#slots.some(({ idx }) => idx > this.#loadedConfig);
    return unused ? "lost-state(buffers-after-config)" : "ok";
  }
}
