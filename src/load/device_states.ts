import { createHash } from "node:crypto";
import { type Capture, readCapture, type ReadChannel } from "../capture/values.ts";
import {
  type BaseRecord,
  isVfioSection,
  type LongSectionRecord,
  type MultifdDeviceStateRecord,
  type ShortSectionRecord,
  type VfioConfigRecord,
  type VfioDataRecord,
} from "../stream/mod.ts";
import {
  type Finding,
  parseConfigPacket,
  upToNul,
  VFIO_DEVICE_STATE_CONFIG_STATE,
  type VfioConfig,
  vfioConfig,
} from "../wire/mod.ts";
import { readRange } from "./channel_bytes.ts";
import { Problems } from "./problems.ts";

/** What a VFIO device is given by loading. */
export interface DeviceState {
  /** Name of its section. */
  readonly idstr: string;
  /** Instance of its section. */
  readonly instanceId: number;
  /** Bytes of device state: those before the switchover, then those after it. */
  readonly stateBytes: number;
  /** SHA-256 of the device state in the order in which it is loaded, hexadecimal. */
  readonly stateSha256: string;
  /** The config as it stands on the wire, without the tags around it; null if none came. */
  readonly config: Uint8Array | null;
  /** SHA-256 of `config`, hexadecimal. */
  readonly configSha256: string | null;
}

/** The states of all VFIO devices of a capture. */
export interface DeviceStates {
  /** The devices, in the order in which the stream names them. */
  readonly devices: readonly DeviceState[];
  /** What was noticed while loading, at most 1000; what reading the channels tells is not repeated. */
  readonly problems: readonly Finding[];
}

/**
 * The state of each VFIO device of a capture, put together as a destination loads it: what came on the main channel,
 * then the buffers of multifd channels by their index.
 *
 * @param capture The capture; it is not closed. Its channels must be there to be read at any place, not from a pipe.
 * @throws {CaptureError} If bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { deviceStateDigests } from "./device_states.ts";
 * import { captureOf } from "@migwire/migwire/memory";
 *
 * const hex = (text: string): string => new TextEncoder().encode(text).toHex();
 * const channel = Uint8Array.fromHex(
 *   "1122334400000001".padEnd(128, "0") + // initial packet of multifd channel 0
 *     "112233440000000100000040" + hex("dev/vfio").padEnd(512, "0") + "00000000" + "00000010" + // device-state packet
 *     "000000000000000000000000" + "0a0b0c0d", // buffer 0
 * );
 * const capture = captureOf([{ bytes: channel }]);
 * const { devices } = deviceStateDigests(capture);
 * assertEquals(devices.map(({ idstr, stateBytes, config }) => [idstr, stateBytes, config]), [["dev/vfio", 4, null]]);
 * ```
 */
export function deviceStateDigests(capture: Capture): DeviceStates {
  const problems = new Problems();
  const loader = new DeviceStateCollector(problems);
  readCapture(capture, (record, channel) => loader.add(record, channel));
  return { devices: loader.finish(), problems: problems.list };
}

/** Where device state lies. */
interface Extent {
  readonly channel: ReadChannel;
  readonly offset: number;
  readonly length: number;
}

/** A buffer of a multifd channel. */
interface DeviceBuffer extends Extent {
  readonly idx: number;
}

/** What has come for one device. */
interface Device {
  readonly idstr: string;
  readonly instanceId: number;
  /** Device data of the main channel, in their order. */
  readonly onMain: Extent[];
  /** By index. */
  readonly buffers: Map<number, DeviceBuffer>;
  /** The config's place among the buffers. */
  configAt?: DeviceBuffer;
  config?: VfioConfig;
}

/** Devices that are kept: a hostile channel could name a new one in each packet. */
const DEVICE_LIMIT = 4096;

/** Bytes that are hashed at a time. */
const BATCH = 256 * 1024;

/** Collects the states of VFIO devices from the records of a capture. */
export class DeviceStateCollector {
  readonly #problems: Problems;
  readonly #devices = new Map<string, Device>();
  /** Device of the section that the main channel is in. */
  #current: Device | undefined;
  /** The migration whose devices they are. */
  #main: ReadChannel | undefined;

  /** Nothing loaded yet. */
  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** Takes a record; one that does not concern VFIO devices changes nothing. */
  add(record: BaseRecord, channel: ReadChannel): void {
    const { role } = channel.identity;
    if (role === "main") this.#main ??= channel;
    if (record.kind === "multifd-device-state") this.#packet(record as MultifdDeviceStateRecord, channel);
    else if (channel === this.#main || role === "recovery") this.#addMain(record, channel);
  }

  /** The devices. Throws `CaptureError` if bytes cannot be had. */
  finish(): DeviceState[] {
    return [...this.#devices.values()].map((device) => {
      const extents = [...device.onMain, ...this.#loadable(device)];
      const config = device.config === undefined ? null : vfioConfig.encode(device.config);
      return {
        idstr: device.idstr,
        instanceId: device.instanceId,
        stateBytes: extents.reduce((sum, { length }) => sum + length, 0),
        stateSha256: sha256(extents),
        config,
        configSha256: config === null ? null : createHash("sha256").update(config).digest("hex"),
      };
    });
  }

  #addMain(record: BaseRecord, channel: ReadChannel): void {
    switch (record.kind) {
      case "section-start":
      case "section-part":
      case "section-end":
      case "section-full": {
        const { idstr, instanceId = 0 } = record as LongSectionRecord | ShortSectionRecord;
        this.#current = idstr !== undefined && isVfioSection(idstr) ? this.#of(idstr, instanceId) : undefined;
        return;
      }
      case "vfio-data": {
        const { payload } = record as VfioDataRecord;
        this.#current?.onMain.push({ channel, ...payload });
        return;
      }
      case "vfio-config":
        if (this.#current !== undefined) this.#current.config = (record as VfioConfigRecord).config;
    }
  }

  #packet(packet: MultifdDeviceStateRecord, channel: ReadChannel): void {
    const { idx, vfioFlags = 0, payload } = packet;
    const device = this.#of(upToNul(packet.idstr), packet.instanceId);
    if (device === undefined || idx === undefined || payload === undefined) return;
    if (device.buffers.has(idx) || device.configAt?.idx === idx) {
      return this.#problems.note(channel, packet.offset, {
        code: "buffer-twice",
        message: `buffer ${idx} of ${JSON.stringify(device.idstr)} is there already: left out`,
        qemu: `NAME: state buffer ${idx} already filled`,
      });
    }
    if ((vfioFlags & VFIO_DEVICE_STATE_CONFIG_STATE) === 0) {
      device.buffers.set(idx, { idx, channel, ...payload });
      return;
    }
    device.configAt = { idx, channel, ...payload };
    if (packet.configData === undefined) {
      const message = "config packet left out: it is larger than any config";
      return this.#problems.note(channel, packet.offset, { code: "config-size", message });
    }
    try {
      const options = { channel: channel.label, base: payload.offset };
      device.config = parseConfigPacket(packet.configData, options).config;
    } catch (error) {
      this.#problems.take(error);
    }
  }

  /** The buffers that a destination can load, in their order: it waits for ever for one that is missing. */
  #loadable({ idstr, buffers, configAt }: Device): DeviceBuffer[] {
    const loadable: DeviceBuffer[] = [];
    const sorted = [...buffers.values()].toSorted((a, b) => a.idx - b.idx);
    for (const buffer of configAt === undefined ? sorted : [...sorted.filter(before(configAt)), configAt]) {
      if (buffer.idx === loadable.length) {
        if (buffer !== configAt) loadable.push(buffer);
        continue;
      }
      this.#problems.note(buffer.channel, buffer.offset, {
        code: "buffer-missing",
        message: `buffer ${loadable.length} of ${JSON.stringify(idstr)} is missing: those behind it left out`,
        qemu: "waits for ever",
      });
      break;
    }
    const behind = configAt === undefined ? undefined : sorted.find(({ idx }) => idx > configAt.idx);
    if (behind !== undefined) {
      this.#problems.note(behind.channel, behind.offset, {
        code: "buffer-after-config",
        message: `buffer ${behind.idx} of ${
          JSON.stringify(idstr)
        } left out: the config is the last, with index ${configAt?.idx}`,
      });
    }
    return loadable;
  }

  #of(idstr: string, instanceId: number): Device | undefined {
    const key = `${instanceId} ${idstr}`;
    const known = this.#devices.get(key);
    if (known !== undefined || this.#devices.size >= DEVICE_LIMIT) return known;
    const device: Device = { idstr, instanceId, onMain: [], buffers: new Map() };
    this.#devices.set(key, device);
    return device;
  }
}

function sha256(extents: readonly Extent[]): string {
  const hash = createHash("sha256");
  for (const { channel, offset, length } of extents) {
    for (let done = 0; done < length; done += BATCH) {
      hash.update(readRange(channel, { offset: offset + done, length: Math.min(BATCH, length - done) }));
    }
  }
  return hash.digest("hex");
}

function before({ idx: end }: DeviceBuffer): (buffer: DeviceBuffer) => boolean {
  return ({ idx }) => idx < end;
}
