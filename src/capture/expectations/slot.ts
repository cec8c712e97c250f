import type { QemuProperties } from "./command.ts";

/** Slot and function of a device that sits on the root bus; undefined if that is not certain. */
export function slotOf({ values }: QemuProperties): string | undefined {
  const bus = values.get("bus");
  if (bus !== undefined && bus !== "pcie.0" && bus !== "pci.0") return undefined;
  // QEMU reads both numbers as hexadecimal, with or without 0x.
  const match = /^(?:0x)?([0-9a-f]{1,2})(?:\.(?:0x)?([0-7]))?$/i.exec(values.get("addr") ?? "");
  if (match === null) return undefined;
  return `${(match[1] ?? "").padStart(2, "0").toLowerCase()}.${match[2] ?? "0"}`;
}
