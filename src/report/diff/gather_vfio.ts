import type { ReadChannel } from "../../capture/values.ts";
import type { BaseRecord, MultifdDeviceStateRecord, VfioConfigRecord, VfioDataRecord } from "../../stream/mod.ts";
import { parseConfigPacket, upToNul, VFIO_DEVICE_STATE_CONFIG_STATE, WireError } from "../../wire/mod.ts";
import { EXTENT_LIMIT, GATHER_LIMIT, type Gathered, type GatheredVfio } from "./gathered.ts";
import type { DiffPlace } from "./model.ts";

/** Bytes of the tag before a config. */
const TAG_BYTES = 8;

/** A VFIO device by its section. */
interface DeviceName {
  readonly idstr: string;
  readonly instanceId: number;
}

/** Keeps where the state of VFIO devices lies. */
export class VfioGatherer {
  readonly #gathered: Gathered;
  readonly #noRoom: (what: string, place: DiffPlace) => void;
  /** Device and kind of the section that the main channel is in. */
  #current: { readonly device: GatheredVfio; readonly kind: string } | undefined;
  #extents = 0;

  /** Adds to `gathered`; tells `noRoom` what is left out. */
  constructor(gathered: Gathered, noRoom: (what: string, place: DiffPlace) => void) {
    this.#gathered = gathered;
    this.#noRoom = noRoom;
  }

  /** A section of the main channel begins; of a device if there is a name. */
  enter(name: DeviceName | undefined, kind: string, place: DiffPlace): void {
    const device = name && this.#of(name, place);
    this.#current = device && { device, kind };
  }

  /** A record of the main channel that may be in the section of a device. */
  body(record: BaseRecord, channel: ReadChannel): void {
    if (this.#current === undefined) return;
    const { device, kind } = this.#current;
    const place = { channel: channel.label, offset: record.offset };
    switch (record.kind) {
      case "vfio-data": {
        const { payload } = record as VfioDataRecord;
        const running = kind === "section-start" || kind === "section-part";
        if (this.#hasRoom(place)) (running ? device.precopy : device.stopCopy).push({ channel, ...payload });
        return;
      }
      case "vfio-config": {
        const at = { channel: channel.label, offset: record.offset + TAG_BYTES };
        device.config ??= { value: (record as VfioConfigRecord).config, place: at };
        return;
      }
      case "vfio-init-data-sent":
        device.tags.set("initDataSent", place);
        return;
      case "vfio-config-load-ready":
        device.tags.set("configLoadReady", place);
    }
  }

  /** A packet of a multifd channel; of several with one index the first counts. */
  packet(packet: MultifdDeviceStateRecord, channel: ReadChannel): void {
    const { idx, vfioFlags = 0, payload, offset } = packet;
    const place = { channel: channel.label, offset };
    const device = this.#of({ idstr: upToNul(packet.idstr), instanceId: packet.instanceId }, place);
    if (device === undefined || idx === undefined || payload === undefined) return;
    if ((vfioFlags & VFIO_DEVICE_STATE_CONFIG_STATE) === 0) {
      if (!device.buffers.has(idx) && this.#hasRoom(place)) device.buffers.set(idx, { channel, ...payload });
      return;
    }
    if (packet.configData === undefined || device.config !== undefined) return;
    try {
      const { config } = parseConfigPacket(packet.configData);
      device.config = { value: config, place: { channel: channel.label, offset: payload.offset + TAG_BYTES } };
    } catch (error) {
      // What is wrong with it is said by `check`.
      if (!(error instanceof WireError)) throw error;
    }
  }

  #hasRoom(place: DiffPlace): boolean {
    if (this.#extents++ < EXTENT_LIMIT) return true;
    this.#noRoom("device state", place);
    return false;
  }

  #of({ idstr, instanceId }: DeviceName, place: DiffPlace): GatheredVfio | undefined {
    const { vfio } = this.#gathered;
    const key = `${instanceId} ${idstr}`;
    const known = vfio.get(key);
    if (known !== undefined) return known;
    if (vfio.size >= GATHER_LIMIT) {
      this.#noRoom("VFIO devices", place);
      return undefined;
    }
    const device: GatheredVfio = {
      idstr,
      instanceId,
      place,
      precopy: [],
      stopCopy: [],
      buffers: new Map(),
      tags: new Map(),
    };
    vfio.set(key, device);
    return device;
  }
}
