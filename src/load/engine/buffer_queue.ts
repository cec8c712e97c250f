import type { Verdict } from "./verdict.ts";

/** Bounds of a device's queue. Infinity: no limit. */
export interface QueueLimits {
  /** Bytes of `x-migration-max-queued-buffers-size`: data without the 12-byte header, the config packet included. */
  readonly bytes: number;
  /** Buffers of the proposed `x-migration-max-queued-buffers`; no QEMU release has it. */
  readonly buffers: number;
}

/** A queue without limits, QEMU's default. */
export const NO_LIMITS: QueueLimits = { bytes: Infinity, buffers: Infinity };

/** A buffer as a packet brings it; `T` is how its bytes are held: the engine never looks at them. */
export interface IncomingBuffer<T> {
  /** Its number, 0..2^32-2. */
  readonly idx: number;
  /** Bytes of data after the VFIO header. */
  readonly length: number;
  /** The packet has the flag CONFIG_STATE. */
  readonly config: boolean;
  /** The bytes, or where they are. */
  readonly data: T;
}

/** What came for a device, and how much of it waited at once. */
export interface QueueStatistics {
  /** Buffers that came, refused ones not counted. */
  readonly buffersQueued: number;
  /** Bytes that came, refused ones not counted. */
  readonly bytesQueued: number;
  /** Most bytes that QEMU counted at once, the buffer being tested included. */
  readonly peakBytes: number;
  /** Most buffers at once. */
  readonly peakBuffers: number;
  /** Index of the buffer that made the peak of bytes; -1 without. */
  readonly peakBytesAt: number;
  /** Index of the buffer that made the peak of buffers; -1 without. */
  readonly peakBuffersAt: number;
}

/** The buffers of a device that wait, and what QEMU counts of them (destination-engine.md B.2, B.6). */
export class BufferQueue<T> {
  readonly #name: string;
  readonly #limits: QueueLimits;
  readonly #slots = new Map<number, IncomingBuffer<T>>();
  /** Bytes counted against the limit. */
  #bytes = 0;
  /** Buffers counted against the limit. */
  #buffers = 0;
  #buffersQueued = 0;
  #bytesQueued = 0;
  #peakBytes = 0;
  #peakBuffers = 0;
  #peakBytesAt = -1;
  #peakBuffersAt = -1;

  /** An empty queue of the device that QEMU calls `name`. */
  constructor(name: string, limits: QueueLimits) {
    this.#name = name;
    this.#limits = limits;
  }

  /** Buffers that wait. */
  get size(): number {
    return this.#slots.size;
  }

  /** Counters. */
  get statistics(): QueueStatistics {
    return {
      buffersQueued: this.#buffersQueued,
      bytesQueued: this.#bytesQueued,
      peakBytes: this.#peakBytes,
      peakBuffers: this.#peakBuffers,
      peakBytesAt: this.#peakBytesAt,
      peakBuffersAt: this.#peakBuffersAt,
    };
  }

  /** Whether a buffer of that index waits. */
  has(idx: number): boolean {
    return this.#slots.has(idx);
  }

  /** The buffer of that index; undefined if it does not wait. */
  get(idx: number): IncomingBuffer<T> | undefined {
    return this.#slots.get(idx);
  }

  /** Indexes of the buffers that wait. */
  indexes(): Iterable<number> {
    return this.#slots.keys();
  }

  /** Takes a buffer of an index that does not wait, or says which limit is against it. */
  add(buffer: IncomingBuffer<T>): Omit<Verdict, "device"> | undefined {
    const { idx, length } = buffer;
    // The count limit is tested first (B.6); the sum of bytes stays increased when its test fails (B.2 step 6).
    const buffers = this.#buffers + 1;
    if (buffers > this.#peakBuffers) {
      this.#peakBuffers = buffers;
      this.#peakBuffersAt = idx;
    }
    if (buffers > this.#limits.buffers) {
      return {
        kind: "error",
        code: "buffer-limit",
        reason: `${buffers} buffers in the queue, at most ${this.#limits.buffers} are allowed`,
        qemu: `${this.#name}: queuing state buffer ${idx} would exceed the max of ${this.#limits.buffers}`,
      };
    }
    this.#bytes += length;
    if (this.#bytes > this.#peakBytes) {
      this.#peakBytes = this.#bytes;
      this.#peakBytesAt = idx;
    }
    if (this.#bytes > this.#limits.bytes) {
      return {
        kind: "error",
        code: "size-limit",
        reason: `${this.#bytes} bytes in the queue, at most ${this.#limits.bytes} are allowed`,
        qemu: `${this.#name}: queuing state buffer ${idx} would exceed the size max of ${this.#limits.bytes}`,
      };
    }
    this.#buffers = buffers;
    this.#buffersQueued++;
    this.#bytesQueued += length;
    this.#slots.set(idx, buffer);
    return undefined;
  }

  /** The device has taken bytes of a buffer. */
  taken(count: number): void {
    this.#bytes -= count;
  }

  /** A buffer is with the device. */
  remove(idx: number): void {
    this.#slots.delete(idx);
    this.#buffers--;
  }
}
