import type { CaptureEvent, ReadChannel } from "../../capture/values.ts";
import {
  type BaseRecord,
  isVfioSection,
  type LongSectionRecord,
  type MultifdDeviceStateRecord,
  type ShortSectionRecord,
  type VfioConfigRecord,
  type VfioDataRecord,
} from "../../stream/mod.ts";
import {
  parseConfigPacket,
  upToNul,
  VFIO_DEVICE_STATE_CONFIG_STATE,
  VFIO_PACKET_HEADER_SIZE,
  type VfioConfig,
  vfioConfig,
  WireError,
} from "../../wire/mod.ts";
import { type BufferArrival, measureDisorder } from "./buffer_order.ts";
import type { DeviceBuffers, DeviceMode, DeviceSummary } from "./model.ts";
import { summarisePci } from "./pci.ts";

/** Packets whose order is kept: a quarter of a TiB of state in buffers of 1 MiB. */
const ARRIVAL_LIMIT = 1 << 18;

/** What one VFIO device sent. */
class DeviceTally {
  readonly idstr: string;
  readonly instanceId: number;
  precopyBytes = 0;
  precopyRecords = 0;
  /** Of the END section on the main channel. */
  endBytes = 0;
  endRecords = 0;
  /** Of device-state packets, without the config. */
  packetBytes = 0;
  packets = 0;
  configBytes = 0;
  config: VfioConfig | undefined;
  configIndex: number | null = null;
  initDataSent = false;
  configLoadReady = false;
  /** A config on the main channel, or device state in the END section. */
  onMain = false;
  /** The FULL section without a config. */
  placeholder = false;
  smallest = Infinity;
  largest = 0;
  /** Packets of buffers and config. */
  arrived = 0;
  /** The first of them. */
  readonly arrivals: BufferArrival[] = [];
  readonly channels = new Map<number, { buffers: number; bytes: number }>();

  constructor(idstr: string, instanceId: number) {
    this.idstr = idstr;
    this.instanceId = instanceId;
  }

  get mode(): DeviceMode {
    const multifd = this.arrivals.length > 0 || this.placeholder;
    if (this.onMain) return multifd ? "mixed" : "main";
    return multifd ? "multifd" : "unknown";
  }

  packet(record: MultifdDeviceStateRecord, channel: ReadChannel): void {
    const { idx, vfioFlags = 0, nextPacketSize } = record;
    if (idx === undefined) return;
    const bytes = nextPacketSize - VFIO_PACKET_HEADER_SIZE;
    this.arrived++;
    if (this.arrivals.length < ARRIVAL_LIMIT) {
      this.arrivals.push({ idx, connection: channel.channel.index, end: record.offset + record.length });
    }
    const id = channel.multifdId ?? channel.channel.index;
    const carried = this.channels.get(id) ?? { buffers: 0, bytes: 0 };
    this.channels.set(id, { buffers: carried.buffers + 1, bytes: carried.bytes + bytes });
    if ((vfioFlags & VFIO_DEVICE_STATE_CONFIG_STATE) !== 0) {
      this.configIndex = idx;
      this.#configPacket(record.configData);
      return;
    }
    this.packets++;
    this.packetBytes += bytes;
    this.smallest = Math.min(this.smallest, bytes);
    this.largest = Math.max(this.largest, bytes);
  }

  /** What is wrong with a config is said by `check`; here it only cannot be shown. */
  #configPacket(data: Uint8Array | undefined): void {
    if (data === undefined) return;
    try {
      const packet = parseConfigPacket(data);
      this.config = packet.config;
      this.configBytes = data.length - 16 - packet.trailing.length;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.configBytes = data.length;
    }
  }

  summary(events: Iterable<CaptureEvent> | undefined): DeviceSummary {
    return {
      idstr: this.idstr,
      instanceId: this.instanceId,
      mode: this.mode,
      precopyBytes: this.precopyBytes,
      precopyRecords: this.precopyRecords,
      stopCopyBytes: this.endBytes + this.packetBytes,
      buffers: this.endRecords + this.packets,
      configBytes: this.configBytes,
      initDataSent: this.initDataSent,
      configLoadReady: this.configLoadReady,
      ...(this.arrivals.length === 0 ? {} : { multifd: this.#buffers(events) }),
      pci: this.config === undefined ? null : summarisePci(this.config),
    };
  }

  #buffers(events: Iterable<CaptureEvent> | undefined): DeviceBuffers {
    const disorder = this.#isKept ? measureDisorder(this.arrivals, events) : undefined;
    return {
      channels: [...this.channels].sort(([a], [b]) => a - b).map(([id, carried]) => ({ id, ...carried })),
      configIndex: this.configIndex,
      missingIndex: this.#missingIndex(),
      bufferBytes: this.packets === 0 ? null : { smallest: this.smallest, largest: this.largest },
      outOfOrderDistance: disorder?.distance ?? 0,
      outOfOrderBuffers: disorder?.buffers ?? 0,
      order: disorder?.order ?? "none",
    };
  }

  get #isKept(): boolean {
    return this.arrivals.length === this.arrived;
  }

  #missingIndex(): number | null {
    if (!this.#isKept) return null;
    const indices = new Set(this.arrivals.map(({ idx }) => idx));
    let missing = 0;
    while (indices.has(missing)) missing++;
    return missing < indices.size ? missing : null;
  }
}

/** Devices that are kept: a hostile channel could name a new one in each packet. */
const DEVICE_LIMIT = 4096;

/** Adds up what the VFIO devices sent, over all channels. */
export class DeviceTallies {
  readonly #devices = new Map<string, DeviceTally>();
  /** Device and kind of the section that the main channel is in. */
  #current: { device: DeviceTally; kind: string } | undefined;

  /** Counts a record of any channel. */
  add(record: BaseRecord, channel: ReadChannel): void {
    switch (record.kind) {
      case "section-start":
      case "section-part":
      case "section-end":
      case "section-full":
        return this.#enter(record as LongSectionRecord | ShortSectionRecord);
      case "section-footer":
        this.#current = undefined;
        return;
      case "multifd-device-state": {
        const packet = record as MultifdDeviceStateRecord;
        this.#of(upToNul(packet.idstr), packet.instanceId)?.packet(packet, channel);
        return;
      }
    }
    if (this.#current !== undefined && record.kind.startsWith("vfio-")) this.#body(record, this.#current);
  }

  #enter(record: LongSectionRecord | ShortSectionRecord): void {
    const { idstr = "", instanceId = 0, kind } = record;
    const device = isVfioSection(idstr) ? this.#of(idstr, instanceId) : undefined;
    this.#current = device === undefined ? undefined : { device, kind };
  }

  #body(record: BaseRecord, { device, kind }: { device: DeviceTally; kind: string }): void {
    switch (record.kind) {
      case "vfio-data": {
        const bytes = (record as VfioDataRecord).payload.length;
        if (kind === "section-end" || kind === "section-full") {
          device.endBytes += bytes;
          device.endRecords++;
          device.onMain = true;
        } else {
          device.precopyBytes += bytes;
          device.precopyRecords++;
        }
        break;
      }
      case "vfio-config": {
        const { config } = record as VfioConfigRecord;
        device.config = config;
        device.configBytes = vfioConfig.encode(config).length;
        device.onMain = true;
        break;
      }
      case "vfio-init-data-sent":
        device.initDataSent = true;
        break;
      case "vfio-config-load-ready":
        device.configLoadReady = true;
        device.placeholder = true;
        break;
      case "vfio-end-of-state":
        // In multifd mode the FULL section holds nothing but this tag (vfio.md §3.3).
        if (kind === "section-full" && device.config === undefined) device.placeholder = true;
        break;
    }
  }

  #of(idstr: string, instanceId: number): DeviceTally | undefined {
    const key = `${instanceId} ${idstr}`;
    const known = this.#devices.get(key);
    if (known !== undefined || this.#devices.size >= DEVICE_LIMIT) return known;
    const device = new DeviceTally(idstr, instanceId);
    this.#devices.set(key, device);
    return device;
  }

  /** The result; `events` tells the order of arrival. */
  summary(events: Iterable<CaptureEvent> | undefined): DeviceSummary[] {
    return [...this.#devices.values()].map((device) => device.summary(events));
  }
}
