/** Which files an option of QEMU names, and what QEMU does with them. @module */

import { type Option, propertiesOf, type Property } from "./options.ts";

/** What QEMU does with a file. */
export type FileRole =
  /** Runs it as firmware. A destination overwrites it by what comes with the stream. */
  | "firmware"
  /** Has the guest's memory in it. */
  | "memory"
  /** Reads it. */
  | "read"
  /** Reads it; by a bare name it is one of QEMU's own. */
  | "rom"
  /** Finds keys in it. */
  | "keys"
  /** Reads it, and lets the guest write it. */
  | "disk"
  /** Gives the device behind it to the guest. */
  | "device"
  /** Runs it, or takes from it what to do. */
  | "program"
  /** Has it open already: a number. */
  | "open"
  /** Something else, which may be to write it. */
  | "other";

/** A file that an option names. */
export interface NamedFile {
  /** What QEMU does with it. */
  readonly role: FileRole;
  /** The property that names it; undefined if it is the option's whole value. */
  readonly property?: string;
  /** Its name, as it is written. */
  readonly path: string;
}

/** Options whose whole value is a file. */
const WHOLE: ReadonlyMap<string, FileRole> = new Map<string, FileRole>([
  ["bios", "firmware"],
  ["mem-path", "memory"],
  ...["kernel", "initrd", "dtb", "shim", "cdrom"].map((name) => [name, "read"] as const),
  ["option-rom", "rom"],
  ...["", "hda", "hdb", "hdc", "hdd", "fda", "fdb", "sd", "mtdblock", "pflash"].map((name) => [name, "disk"] as const),
  ["readconfig", "program"],
  ["plugin", "program"],
]);

/** Their values are no files, whatever they look like; `-L` is where QEMU looks for files to read. */
const NO_FILES: ReadonlySet<string> = new Set(["append", "cpu", "k", "L", "name", "prom-env", "smp", "uuid"]);

/** Devices of the system that everybody may open, and those that a QEMU must. */
const COMMON_DEVICE = /^\/dev\/(?:null|zero|full|u?random|hwrng|kvm|iommu|vfio\/\w+|vhost-\w+|net\/tun|fdset\/\d+)$/;

/** The files that `option` names. */
export function namedFiles(option: Option): NamedFile[] {
  const { name, value } = option;
  const role = WHOLE.get(name);
  if (role !== undefined) {
    const path = name === "" ? option.word : value ?? "";
    return path === "" ? [] : [{ role, path }];
  }
  if (value === undefined || NO_FILES.has(name)) return [];
  const properties = propertiesOf(value);
  return properties.flatMap((property) => {
    if (property.value === "") return [];
    const role = roleOf(name, property, properties);
    if (role === undefined) return [];
    const path = role === "device" ? devicePath(property) : property.value;
    return [{ role, property: property.name, path }];
  });
}

function roleOf(option: string, { name, value }: Property, all: readonly Property[]): FileRole | undefined {
  const last = name.slice(name.lastIndexOf(".") + 1);
  switch (`${option} ${last}`) {
    case "machine firmware":
    case "M firmware":
      return "firmware";
    case "machine kernel":
    case "machine initrd":
    case "machine dtb":
    case "M kernel":
    case "M initrd":
    case "M dtb":
    case "acpitable file":
    case "acpitable data":
    case "smbios file":
    case "smbios path":
    case "fw_cfg file":
    case "device file":
      return "read";
    case "device romfile":
      return "rom";
    case "device sysfsdev":
      return "device";
    case "device host":
      return /^vfio/.test(driverOf(all)) ? "device" : undefined;
    case "object mem-path":
      return "memory";
    case "object dir":
      return "keys";
    case "object file":
      return /^secret/.test(driverOf(all)) ? "read" : "other";
    case "drive file":
    case "drive filename":
    case "blockdev filename":
      return "disk";
  }
  if (/^(?:script|downscript|helper)$/.test(last)) return value === "no" ? undefined : "program";
  if (/^exec:/.test(value) || (last === "guestfwd" && value.includes("cmd:"))) return "program";
  if (/^(?:fds?|vhostfds?|sock_fd)$/.test(last) && /^[\d:]+$/.test(value)) return "open";
  return isOutside(value) ? "other" : undefined;
}

/** The driver of a device, or the type of an object. */
function driverOf(all: readonly Property[]): string {
  return all.find(({ name }) => name === "" || name === "driver" || name === "qom-type")?.value ?? "";
}

/** Where a device is below `/sys`. */
function devicePath({ name, value }: Property): string {
  if (name !== "host") return value;
  return `/sys/bus/pci/devices/${/^[0-9a-f]+:[0-9a-f]+:/i.test(value) ? value : `0000:${value}`}`;
}

/** Whether a value is a path that leads out of the folder that QEMU runs in. */
function isOutside(value: string): boolean {
  const path = value.replace(/^[a-z][a-z-]*:(?=[./])/, "");
  return (path.startsWith("/") || /(?:^|\/)\.\.(?:\/|$)/.test(path)) && !COMMON_DEVICE.test(path);
}

/** Whether a disk of this option is only read. */
export function isReadOnly({ value = "" }: Option): boolean {
  return propertiesOf(value).some(({ name, value }) =>
    (/^(?:.*\.)?(?:read-?only|snapshot)$/.test(name) && /^(?:on|true|yes|y)$/.test(value)) ||
    (name === "media" && value === "cdrom")
  );
}

/** Whether a disk is nothing: what is written is gone, what is read is zero. */
export function isNoDisk(path: string): boolean {
  return /^null-(?:co|aio):\/\//.test(path) || path === "/dev/null";
}

/** Whether a disk is not a file: `nbd://…`, `json:…`. */
export function isRemote(path: string): boolean {
  return /^[a-z][a-z0-9+-]*:/.test(path);
}
