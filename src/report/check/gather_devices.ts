import {
  type BaseRecord,
  isVfioSection,
  type LongSectionRecord,
  type MultifdDeviceStateRecord,
  type ShortSectionRecord,
} from "../../stream/mod.ts";
import { upToNul, VFIO_DEVICE_STATE_CONFIG_STATE, VFIO_PACKET_HEADER_SIZE } from "../../wire/mod.ts";
import type { DeviceFacts, Place } from "./facts.ts";
import { sectionKey } from "./gather_main.ts";

type Section = LongSectionRecord | ShortSectionRecord;

/** Devices that are kept: a hostile channel could name a new one in each packet. */
const DEVICE_LIMIT = 4096;

/** What no buffer may have as its index (multifd.md §5.6). */
const NO_INDEX = 0xffffffff;

/** Gathers what VFIO devices sent, over all channels. */
export class DeviceGatherer {
  readonly #devices = new Map<string, DeviceFacts>();
  /** Device and kind of the section that the main channel is in. */
  #current: { device: DeviceFacts; kind: Section["kind"] } | undefined;

  /** The devices. */
  get all(): Iterable<DeviceFacts> {
    return this.#devices.values();
  }

  /** Looks at a record of any channel. */
  add(record: BaseRecord, place: Place): void {
    switch (record.kind) {
      case "section-start":
      case "section-part":
      case "section-end":
      case "section-full":
        return this.#enter(record as Section, place);
      case "section-footer":
        this.#current = undefined;
        return;
      case "multifd-device-state":
        return this.#packet(record as MultifdDeviceStateRecord, place);
    }
    if (this.#current !== undefined && record.kind.startsWith("vfio-")) this.#body(record, place, this.#current);
  }

  #enter({ idstr = "", instanceId = 0, kind }: Section, place: Place): void {
    const device = isVfioSection(idstr) ? this.#of(idstr, instanceId) : undefined;
    this.#current = device === undefined ? undefined : { device, kind };
    if (device === undefined) return;
    if (kind === "section-start") device.start ??= place;
    else if (kind === "section-end") device.end ??= place;
    else if (kind === "section-full") {
      device.full ??= place;
      if (device.end === undefined) device.fullBeforeEnd = true;
    }
  }

  #body(record: BaseRecord, place: Place, { device, kind }: { device: DeviceFacts; kind: Section["kind"] }): void {
    const stopped = kind === "section-end" || kind === "section-full";
    switch (record.kind) {
      case "vfio-data":
        if (stopped) device.stopData ??= place;
        break;
      case "vfio-config":
        device.config ??= place;
        break;
      case "vfio-init-data-sent":
        device.initDataSent.push(place);
        break;
      case "vfio-config-load-ready":
        device.loadReady.push(place);
        device.placeholder ??= place;
        break;
      case "vfio-end-of-state":
        // In multifd mode the FULL section holds nothing but this tag (vfio.md §3.3).
        if (kind === "section-full" && device.config === undefined) device.placeholder ??= place;
        break;
    }
  }

  #packet(record: MultifdDeviceStateRecord, place: Place): void {
    const { idstr, instanceId, idx, vfioVersion, vfioFlags = 0, nextPacketSize } = record;
    const device = this.#of(upToNul(idstr), instanceId);
    // A packet that its reader has found wrong is not queued.
    if (device === undefined || idx === undefined || idx === NO_INDEX || vfioVersion !== 0) return;
    device.packets.push({
      ...place,
      idx,
      bytes: nextPacketSize - VFIO_PACKET_HEADER_SIZE,
      isConfig: (vfioFlags & VFIO_DEVICE_STATE_CONFIG_STATE) !== 0,
    });
  }

  #of(idstr: string, instanceId: number): DeviceFacts | undefined {
    const key = sectionKey(idstr, instanceId);
    const known = this.#devices.get(key);
    if (known !== undefined || this.#devices.size >= DEVICE_LIMIT) return known;
    const device: DeviceFacts = {
      idstr,
      instanceId,
      fullBeforeEnd: false,
      loadReady: [],
      initDataSent: [],
      packets: [],
    };
    this.#devices.set(key, device);
    return device;
  }
}
