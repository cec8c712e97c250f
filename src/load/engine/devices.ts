import { isVfioSection } from "../../stream/mod.ts";
import type { Diagnostics } from "./diagnostics.ts";
import { type DestinationHandler, type DeviceHost, LoadingDevice } from "./loading_device.ts";
import { noSection } from "./refusals.ts";
import { canTransferDevices, type DestinationSettings, forVersion } from "./settings.ts";
import type { SwitchoverAck } from "./switchover_ack.ts";
import type { Verdict } from "./verdict.ts";

/** What the devices have in common with the rest of the destination. */
export interface DevicesHost {
  /** It counts the devices that have to agree. */
  readonly ack: SwitchoverAck;
  /** It is told what goes wrong. */
  readonly diagnostics: Diagnostics;
  /** Whether the main channel holds the lock that loading a config needs (A.7). */
  isLocked(): boolean;
}

/**
 * The VFIO devices of a destination. QEMU sets all of them up before the first section; which they are may only turn out as
 * the stream names them, so that one that is named late is treated as if it had been there.
 */
export class Devices<T> {
  readonly #settings: DestinationSettings;
  readonly #handler: DestinationHandler<T>;
  readonly #host: DevicesHost;
  readonly #deviceHost: DeviceHost;
  readonly #devices = new Map<string, LoadingDevice<T>>();
  #isSetUp = false;
  #isStarted = false;

  /** None so far. */
  constructor(settings: DestinationSettings, handler: DestinationHandler<T>, host: DevicesHost) {
    this.#settings = settings;
    this.#handler = handler;
    this.#host = host;
    const { diagnostics } = host;
    this.#deviceHost = {
      fail: (verdict) => diagnostics.failMain(verdict),
      threadFailed: (verdict) => diagnostics.failThread(verdict),
      warn: (code, message) => diagnostics.warn(code, message),
      isLocked: () => host.isLocked(),
    };
  }

  /** Those that were named, in that order. */
  get all(): readonly LoadingDevice<T>[] {
    return [...this.#devices.values()];
  }

  /** SWITCHOVER_START has come: load threads run. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  /** The main channel has come to where QEMU sets its devices up; only the first time counts. */
  setUp(): void {
    if (this.#isSetUp) return;
    this.#isSetUp = true;
    for (const { idstr, instanceId } of this.#settings.present ?? []) this.of(idstr, instanceId);
  }

  /** SWITCHOVER_START came. */
  start(): void {
    this.#isStarted = true;
    for (const { loader } of this.#devices.values()) loader?.start();
  }

  /** The main channel does not wait any more: configs that waited for it are loaded. */
  unlock(): void {
    for (const device of this.#devices.values()) device.unlock();
  }

  /** The device behind a section; undefined if the destination has none of that name and instance. */
  of(idstr: string, instanceId: number): LoadingDevice<T> | undefined {
    const known = this.#devices.get(keyOf(idstr, instanceId));
    if (known !== undefined) return known;
    const settings = this.#settings.device(idstr, instanceId);
    if (settings === undefined) return undefined;
    const place = { idstr, instanceId };
    const device = new LoadingDevice<T>(place, forVersion(settings, this.#settings), this.#handler, this.#deviceHost);
    this.#devices.set(keyOf(idstr, instanceId), device);
    this.#host.ack.deviceSetUp(settings);
    device.move("setup");
    this.#handler.setUp?.(device);
    if (settings.multifdTransfer && !canTransferDevices(this.#settings)) {
      this.#host.diagnostics.failMain({
        kind: "error",
        code: "config",
        reason: "device state over multifd needs multifd, without compression and mapped-ram",
        qemu: `${settings.name}: Multifd device transfer requested but unsupported in the current config`,
        device: settings.name,
      });
    }
    // One that the stream names late was started with the others.
    if (this.#isStarted) device.loader?.start();
    return device;
  }

  /** Why a device gets no packets now; undefined if it does. */
  refusal(idstr: string, instanceId: number): Verdict | undefined {
    if (this.#devices.has(keyOf(idstr, instanceId))) return undefined;
    const settings = isVfioSection(idstr) ? this.#settings.device(idstr, instanceId) : undefined;
    if (settings === undefined) return noSection(idstr, instanceId);
    if (this.#isSetUp) return undefined;
    return {
      kind: "error",
      code: "too-early",
      reason: `a buffer of "${idstr}" came before the main channel had set the devices up`,
      qemu: `${settings.name}: got device state packet but not doing multifd transfer`,
      device: settings.name,
    };
  }

  /**
   * The load is over.
   *
   * @param runs Whether the guest goes on here.
   */
  cleanUp(runs: boolean): void {
    const devices = this.all;
    for (const device of devices) device.loader?.cancel();
    if (runs) {
      for (const device of devices) device.move("about-to-run");
      for (const device of devices) device.move("running");
    }
    for (const device of devices) this.#handler.cleanUp?.(device);
  }
}

function keyOf(idstr: string, instanceId: number): string {
  return `${instanceId} ${idstr}`;
}
