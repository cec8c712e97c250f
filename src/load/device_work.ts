import { parseConfigPacket, type VfioConfig, vfioConfig, WireError } from "../wire/mod.ts";
import type { ByteSource } from "../capture/values.ts";
import { DeviceRefusal, type DeviceSink } from "./sinks.ts";
import type { LoadingDevice } from "./engine/mod.ts";

/** Where what is to go to a device is: the engine's handle for bytes. */
export interface StateData {
  /** The channel's bytes. */
  readonly source: ByteSource;
  /** First byte. */
  readonly offset: number;
  /** The config, where the main channel brought one: it was read with its section. */
  readonly config: VfioConfig | undefined;
}

/** Bytes handed to a sink at a time: a device of a QEMU is given up to 1 MiB at once. */
const PIECE = 1024 * 1024;

/** A thing to be done for a device. */
export type DeviceTask =
  /** Write bytes `from` to `length`. */
  | { readonly kind: "write"; readonly data: StateData; readonly from: number; readonly length: number }
  /** Load the config. */
  | { readonly kind: "config"; readonly data: StateData; readonly length: number };

/**
 * Does what the engine asks for: reads bytes where they are, gives them to the sink, and tells the engine. Holds one piece
 * at a time, however much is queued.
 */
export class DeviceWorker {
  readonly #device: LoadingDevice<StateData>;
  readonly #sink: DeviceSink;
  #buffer: Uint8Array<ArrayBuffer> | undefined;

  /** A worker that gives the state of `device` to `sink`. */
  constructor(device: LoadingDevice<StateData>, sink: DeviceSink) {
    this.#device = device;
    this.#sink = sink;
  }

  /** Does one task. Gives a promise only if the sink does. */
  perform(task: DeviceTask): void | Promise<void> {
    return task.kind === "write"
      ? this.#write(task.data, task.from, task.length)
      : this.#config(task.data, task.length);
  }

  /** Ends: the load is over. */
  async close(): Promise<void> {
    await this.#sink.close?.();
  }

  /** Gives the sink one piece: the engine asks again for what is left. */
  #write(data: StateData, from: number, length: number): void | Promise<void> {
    const buffer = this.#buffer ??= new Uint8Array(PIECE);
    const piece = buffer.subarray(0, Math.min(PIECE, length - from));
    fill(data, from, piece);
    return settle(
      () => this.#sink.write(piece),
      () => this.#device.written(piece.length),
      ({ errno }) => errno === 0 ? this.#device.written(0) : this.#device.writeFailed(errno),
    );
  }

  #config(data: StateData, length: number): void | Promise<void> {
    const blob = this.#blob(data, length);
    if (blob === undefined) return;
    return settle(
      () => this.#sink.config?.(blob),
      () => this.#device.configLoaded(),
      (refusal) => {
        const text = `${this.#device.settings.name}: vfio_load_device_config_state() failed: -${refusal.errno}`;
        this.#device.configFailed("config", refusal.message, text);
      },
    );
  }

  /** The config blob; undefined if there is none: the device has then been told. */
  #blob(data: StateData, length: number): Uint8Array | undefined {
    if (data.config !== undefined) return vfioConfig.encode(data.config);
    const { name } = this.#device.settings;
    const bytes = new Uint8Array(length);
    fill(data, 0, bytes);
    try {
      const packet = parseConfigPacket(bytes, { strict: true });
      if (packet.trailing.length > 0) {
        this.#device.warn("trailing", `${packet.trailing.length} bytes behind the end of the config`);
      }
      return bytes.subarray(8, bytes.length - 8 - packet.trailing.length);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      const { code, message, qemu = "" } = error.finding;
      const [first = ""] = qemu.replaceAll("NAME", name).split("\n");
      // What is wrong with the tag is the load thread's own error; the rest is printed before it.
      const failed = `${name}: vfio_load_device_config_state() failed: -22`;
      this.#device.configFailed(code, message, code === "config-tag" ? first : `${first}\n${failed}`);
      return undefined;
    }
  }
}

/** Does `work`, now or later, then tells what became of it. Anything but a refusal is an error of the sink's own. */
function settle(
  work: () => void | Promise<void>,
  done: () => void,
  refused: (refusal: DeviceRefusal) => void,
): void | Promise<void> {
  const failed = (error: unknown): void => {
    if (!(error instanceof DeviceRefusal)) throw error;
    refused(error);
  };
  let waiting: void | Promise<void>;
  try {
    waiting = work();
  } catch (error) {
    return failed(error);
  }
  if (waiting instanceof Promise) return waiting.then(done, failed);
  done();
}

function fill({ source, offset }: StateData, from: number, into: Uint8Array): void {
  let filled = 0;
  while (filled < into.length) {
    const count = source.readAt(offset + from + filled, into.subarray(filled));
    if (count === 0) throw new RangeError(`Cannot read device state at ${offset + from + filled}: the file has shrunk`);
    filled += count;
  }
}
