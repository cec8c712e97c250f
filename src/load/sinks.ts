/** Where the state of a device goes when it is loaded. @module */

import { createHash } from "node:crypto";

/** A device that takes its state. Bytes are lent: a sink that keeps them copies them. */
export interface DeviceSink {
  /** Takes the next bytes. A promise holds the load up until the sink is ready for more. */
  write(bytes: Uint8Array): void | Promise<void>;
  /** Takes the config blob, once all state has been written. */
  config?(blob: Uint8Array): void | Promise<void>;
  /** The load is over, whatever became of it. */
  close?(): void | Promise<void>;
}

/**
 * A sink that says no: the error number becomes QEMU's.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openCapture } from "@migwire/migwire/capture";
 * import { DeviceRefusal, loadReport } from "@migwire/migwire/load";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * const write = (): void => {
 *   throw new DeviceRefusal(22);
 * };
 * const { verdict } = await loadReport(capture, { sink: () => ({ write }) });
 * assertEquals(verdict.kind, "error");
 * capture.close();
 * ```
 */
export class DeviceRefusal extends Error {
  /** Its class, in messages. */
  override readonly name = "DeviceRefusal";
  /** Error number, positive: 5 is EIO. 0: no error, the device takes nothing, and QEMU tries again for ever. */
  readonly errno: number;

  /** The device's answer. */
  constructor(errno: number) {
    super(`the device answers with errno ${errno}`);
    this.errno = errno;
  }
}

/** What a digest sink has taken. */
export interface SinkDigest {
  /** Bytes of state. */
  readonly bytes: number;
  /** SHA-256 of the state, hexadecimal. */
  readonly sha256: string;
  /** Bytes of the config blob. */
  readonly configBytes: number;
  /** SHA-256 of the config blob, hexadecimal; null without one. */
  readonly configSha256: string | null;
}

/**
 * Keeps nothing but digests.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DigestSink } from "@migwire/migwire/load";
 *
 * const sink = new DigestSink();
 * sink.write(new TextEncoder().encode("abc"));
 * assertEquals([sink.digest().bytes, sink.digest().sha256.slice(0, 8)], [3, "ba7816bf"]);
 * ```
 */
export class DigestSink implements DeviceSink {
  readonly #hash = createHash("sha256");
  #bytes = 0;
  #configBytes = 0;
  #configSha256: string | null = null;

  /** Takes the next bytes. */
  write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
  }

  /** Takes the config blob. */
  config(blob: Uint8Array): void {
    this.#configBytes = blob.length;
    this.#configSha256 = createHash("sha256").update(blob).digest("hex");
  }

  /** What was taken so far. */
  digest(): SinkDigest {
    return {
      bytes: this.#bytes,
      sha256: this.#hash.copy().digest("hex"),
      configBytes: this.#configBytes,
      configSha256: this.#configSha256,
    };
  }
}

/**
 * Keeps everything in memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemorySink } from "@migwire/migwire/load";
 *
 * const sink = new MemorySink();
 * sink.write(Uint8Array.of(1, 2));
 * sink.write(Uint8Array.of(3));
 * assertEquals(sink.bytes(), Uint8Array.of(1, 2, 3));
 * ```
 */
export class MemorySink implements DeviceSink {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;
  /** The config blob, once it came. */
  configBlob: Uint8Array | undefined;

  /** Takes the next bytes. */
  write(bytes: Uint8Array): void {
    this.#pieces.push(bytes.slice());
    this.#length += bytes.length;
  }

  /** Takes the config blob. */
  config(blob: Uint8Array): void {
    this.configBlob = blob.slice();
  }

  /** All bytes of state. */
  bytes(): Uint8Array {
    const all = new Uint8Array(this.#length);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }
}

/**
 * Refuses what goes beyond a number of bytes, as a device that finds its state wrong.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { DeviceRefusal, RefusingSink } from "@migwire/migwire/load";
 *
 * const sink = new RefusingSink(4, undefined, 22);
 * sink.write(new Uint8Array(4));
 * assertThrows(() => sink.write(new Uint8Array(1)), DeviceRefusal, "errno 22");
 * ```
 */
export class RefusingSink implements DeviceSink {
  readonly #limit: number;
  readonly #inner: DeviceSink | undefined;
  readonly #errno: number;
  #taken = 0;

  /** Takes `limit` bytes, for `inner`; then answers with `errno`, EIO if it is not given, as {@linkcode DeviceRefusal} has it. */
  constructor(limit: number, inner?: DeviceSink, errno = 5) {
    this.#limit = limit;
    this.#inner = inner;
    this.#errno = errno;
  }

  /** Takes the next bytes, or throws {@linkcode DeviceRefusal}. */
  write(bytes: Uint8Array): void | Promise<void> {
    if (this.#taken + bytes.length > this.#limit) throw new DeviceRefusal(this.#errno);
    this.#taken += bytes.length;
    return this.#inner?.write(bytes);
  }

  /** Takes the config blob. */
  config(blob: Uint8Array): void | Promise<void> {
    return this.#inner?.config?.(blob);
  }

  /** The load is over. */
  close(): void | Promise<void> {
    return this.#inner?.close?.();
  }
}

/**
 * Gives what it takes to several sinks, in turn.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DigestSink, MemorySink, TeeSink } from "@migwire/migwire/load";
 *
 * const [memory, digest] = [new MemorySink(), new DigestSink()];
 * await new TeeSink(memory, digest).write(Uint8Array.of(1));
 * assertEquals([memory.bytes().length, digest.digest().bytes], [1, 1]);
 * ```
 */
export class TeeSink implements DeviceSink {
  readonly #sinks: readonly DeviceSink[];

  /** A sink that stands for all of `sinks`. */
  constructor(...sinks: readonly DeviceSink[]) {
    this.#sinks = sinks;
  }

  /** Takes the next bytes. */
  async write(bytes: Uint8Array): Promise<void> {
    for (const sink of this.#sinks) await sink.write(bytes);
  }

  /** Takes the config blob. */
  async config(blob: Uint8Array): Promise<void> {
    for (const sink of this.#sinks) await sink.config?.(blob);
  }

  /** Closes all. */
  async close(): Promise<void> {
    for (const sink of this.#sinks) await sink.close?.();
  }
}
