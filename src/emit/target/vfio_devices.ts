import type { OnOffAuto } from "../../capture/mod.ts";
import { type Monitor, objectsOf, qomGet, textOf } from "./ask.ts";
import { pciPath } from "./pci_path.ts";

/** A VFIO device of the target. */
export interface TargetDevice {
  /** Its place in QOM. */
  readonly path: string;
  /** The id that the user gave it. */
  readonly id?: string;
  /** Name of its section; absent if it is not certain. */
  readonly idstr?: string;
  /** What QEMU's messages call it. */
  readonly name?: string;
  /** `x-migration-multifd-transfer`; absent before QEMU 10.0. */
  readonly multifdTransfer?: OnOffAuto;
  /** `x-migration-load-config-after-iter`; absent before QEMU 10.1. */
  readonly loadConfigAfterIter?: OnOffAuto;
  /** `x-migration-max-queued-buffers-size` in bytes; absent before QEMU 10.1, and without a limit. */
  readonly maxQueuedSize?: number;
  /** `enable-migration`. */
  readonly enableMigration?: OnOffAuto;
}

/** Where devices of a command line are. */
const PLACES = ["/machine/peripheral", "/machine/peripheral-anon"] as const;

/**
 * The VFIO PCI devices. They are found by the types of the children: to ask for the types that there are would make QEMU
 * load its modules, and modules of another build end it.
 */
export async function examineDevices(monitor: Monitor): Promise<TargetDevice[]> {
  const devices: TargetDevice[] = [];
  for (const place of PLACES) {
    for (const { name, type } of objectsOf(await monitor.call("qom-list", { path: place }))) {
      if (typeof name !== "string" || typeof type !== "string") continue;
      if (!/^child<vfio-pci(-nohotplug)?>$/.test(type)) continue;
      devices.push(await examineDevice(monitor, `${place}/${name}`, place === PLACES[0] ? name : undefined));
    }
  }
  return devices;
}

async function examineDevice(monitor: Monitor, path: string, id: string | undefined): Promise<TargetDevice> {
  const address = await pciPath(monitor, path);
  const name = await nameOf(monitor, path);
  const multifdTransfer = switchOf(await qomGet(monitor, path, "x-migration-multifd-transfer"));
  const loadConfigAfterIter = switchOf(await qomGet(monitor, path, "x-migration-load-config-after-iter"));
  const size = await qomGet(monitor, path, "x-migration-max-queued-buffers-size");
  const enableMigration = switchOf(await qomGet(monitor, path, "enable-migration"));
  return {
    path,
    ...(id === undefined ? {} : { id }),
    ...(address === undefined ? {} : { idstr: `${address}/vfio` }),
    ...(name === undefined ? {} : { name }),
    ...(multifdTransfer === undefined ? {} : { multifdTransfer }),
    ...(loadConfigAfterIter === undefined ? {} : { loadConfigAfterIter }),
    // No limit is 2^64 - 1.
    ...(typeof size === "number" && Number.isSafeInteger(size) ? { maxQueuedSize: size } : {}),
    ...(enableMigration === undefined ? {} : { enableMigration }),
  };
}

/**
 * vfio.md §2.3. QEMU fills `sysfsdev` in from `host`; a device that is given as a file descriptor has neither. `host` itself
 * must not be asked for: older versions end on an address that was not set.
 */
async function nameOf(monitor: Monitor, path: string): Promise<string | undefined> {
  return textOf(await qomGet(monitor, path, "sysfsdev"))?.split("/").at(-1);
}

function switchOf(value: unknown): OnOffAuto | undefined {
  if (typeof value === "boolean") return value ? "on" : "off";
  return value === "on" || value === "off" || value === "auto" ? value : undefined;
}
