import {
  type BaseRecord,
  isVfioSection,
  type LongSectionRecord,
  type ShortSectionRecord,
  type VfioConfigRecord,
  type VfioDataRecord,
} from "../../stream/mod.ts";
import { hex, qemuWording, unknownSection, VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY } from "../../wire/mod.ts";
import type { Devices } from "./devices.ts";
import type { Diagnostics } from "./diagnostics.ts";
import type { LoadingDevice } from "./loading_device.ts";
import type { QemuProfile } from "./profile.ts";
import type { SwitchoverAck } from "./switchover_ack.ts";

/** What a section of the main channel has to do with. */
export interface VfioSectionHost<T> {
  /** What the destination's version does. */
  readonly profile: QemuProfile;
  /** The devices that it has. */
  readonly devices: Devices<T>;
  /** It is told what goes wrong. */
  readonly diagnostics: Diagnostics;
  /** It hears of initial data. */
  readonly ack: SwitchoverAck;
  /** Whether there is a return path. */
  hasReturnPath(): boolean;
}

/** The section of a VFIO device that the main channel is in, and what it carries (vfio.md §2). */
export class VfioSection<T> {
  readonly #host: VfioSectionHost<T>;
  #device: LoadingDevice<T> | undefined;
  #kind = "";
  #pending: LoadingDevice<T> | undefined;

  /** In no section. */
  constructor(host: VfioSectionHost<T>) {
    this.#host = host;
  }

  /** The device whose section it is in. */
  get device(): LoadingDevice<T> | undefined {
    return this.#device;
  }

  /** A device is being given what came for it. */
  get waits(): boolean {
    return this.#pending?.busy === true;
  }

  /** A section begins. Gives the device whose it is; a VFIO device that the destination lacks fails the load. */
  enter({ kind, idstr = "", instanceId = 0 }: LongSectionRecord | ShortSectionRecord): LoadingDevice<T> | undefined {
    const { devices, diagnostics, profile } = this.#host;
    this.#device = undefined;
    if (!isVfioSection(idstr)) return undefined;
    this.#kind = kind;
    this.#device = devices.of(idstr, instanceId);
    if (this.#device === undefined) {
      diagnostics.failMain({
        kind: "error",
        code: "unknown-section",
        reason: `the destination has no device "${idstr}", instance ${instanceId}`,
        qemu: qemuWording(unknownSection({ idstr, instanceId }), profile.version),
      });
    }
    return this.#device;
  }

  /** The section ends. */
  leave(): void {
    this.#device = undefined;
  }

  /** A record; outside of a VFIO device's section it means nothing here. `data` is its payload, or the blob of a config. */
  record(record: BaseRecord, data: T | undefined): void {
    const device = this.#device;
    if (device === undefined) return;
    switch (record.kind) {
      case "vfio-data":
        return this.#data(record as VfioDataRecord, device, data);
      case "vfio-config":
        return this.#config(record as VfioConfigRecord, device, data);
      case "vfio-init-data-sent":
        return this.#initDataSent(device);
      case "vfio-config-load-ready":
        return this.#loadReady(device);
    }
  }

  #data({ payload }: VfioDataRecord, device: LoadingDevice<T>, data: T | undefined): void {
    const afterStop = this.#kind === "section-end" || this.#kind === "section-full";
    if (device.loader !== undefined && afterStop) {
      device.warn("mixed-data", "data on the main channel too, racing with its load thread");
    }
    this.#pending = device;
    if (data !== undefined) device.mainData(data, payload.length);
  }

  #config({ length }: VfioConfigRecord, device: LoadingDevice<T>, data: T | undefined): void {
    if (device.loader !== undefined) {
      return this.#fail(
        device,
        "mode-mismatch",
        "the config came on the main channel, but the destination loads the device from multifd channels",
        "got DEV_CONFIG_STATE in main migration channel but doing multifd transfer",
      );
    }
    this.#pending = device;
    if (data !== undefined) device.mainConfigData(data, length);
  }

  #initDataSent({ settings }: LoadingDevice<T>): void {
    const { ack, diagnostics } = this.#host;
    const verdict = ack.initDataSent(settings, this.#host.hasReturnPath());
    if (verdict !== undefined) diagnostics.failMain({ ...verdict, device: settings.name });
  }

  #loadReady(device: LoadingDevice<T>): void {
    const { diagnostics, profile } = this.#host;
    if (!profile.gate) {
      return this.#fail(
        device,
        "unknown-tag",
        `QEMU ${profile.version} does not know CONFIG_LOAD_READY`,
        `Unknown tag ${hex(VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY)}`,
      );
    }
    if (device.loader === undefined) {
      return this.#fail(
        device,
        "ready-main-mode",
        "CONFIG_LOAD_READY for a device that is loaded from the main channel",
        "got DEV_CONFIG_LOAD_READY outside multifd transfer",
      );
    }
    const verdict = device.loader.ready();
    if (verdict !== undefined) diagnostics.failMain(verdict);
  }

  #fail({ settings: { name } }: LoadingDevice<T>, code: string, reason: string, text: string): void {
    this.#host.diagnostics.failMain({ kind: "error", code, reason, qemu: `${name}: ${text}`, device: name });
  }
}
