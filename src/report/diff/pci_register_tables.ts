/**
 * The registers of a PCI config space, as the PCI specifications lay them out: name, offset, bytes. What has no name here
 * is compared byte by byte.
 *
 * @module
 */

/** A register: its name, where it is, and how many bytes it has. */
export type PciRegisterRow = readonly [name: string, offset: number, length: 1 | 2 | 3 | 4 | 8];

/** Registers that every header has. */
export const COMMON_HEADER: readonly PciRegisterRow[] = [
  ["vendor", 0x00, 2],
  ["device", 0x02, 2],
  ["command", 0x04, 2],
  ["status", 0x06, 2],
  ["revision", 0x08, 1],
  ["class", 0x09, 3],
  ["cache-line-size", 0x0c, 1],
  ["latency-timer", 0x0d, 1],
  ["header-type", 0x0e, 1],
  ["bist", 0x0f, 1],
  ["interrupt-line", 0x3c, 1],
  ["interrupt-pin", 0x3d, 1],
];

/** Registers of the header of a device, beside its base address registers. */
export const DEVICE_HEADER: readonly PciRegisterRow[] = [
  ["cardbus-cis", 0x28, 4],
  ["subsystem-vendor", 0x2c, 2],
  ["subsystem", 0x2e, 2],
  ["rom", 0x30, 4],
  ["capabilities-pointer", 0x34, 1],
  ["min-grant", 0x3e, 1],
  ["max-latency", 0x3f, 1],
];

/** Registers of the header of a bridge, beside its base address registers. */
export const BRIDGE_HEADER: readonly PciRegisterRow[] = [
  ["primary-bus", 0x18, 1],
  ["secondary-bus", 0x19, 1],
  ["subordinate-bus", 0x1a, 1],
  ["secondary-latency-timer", 0x1b, 1],
  ["io-base", 0x1c, 1],
  ["io-limit", 0x1d, 1],
  ["secondary-status", 0x1e, 2],
  ["memory-base", 0x20, 2],
  ["memory-limit", 0x22, 2],
  ["prefetch-base", 0x24, 2],
  ["prefetch-limit", 0x26, 2],
  ["prefetch-base-upper", 0x28, 4],
  ["prefetch-limit-upper", 0x2c, 4],
  ["io-base-upper", 0x30, 2],
  ["io-limit-upper", 0x32, 2],
  ["capabilities-pointer", 0x34, 1],
  ["rom", 0x38, 4],
  ["bridge-control", 0x3e, 2],
];

const POWER_MANAGEMENT: readonly PciRegisterRow[] = [["capabilities", 2, 2], ["control", 4, 2], ["bridge", 6, 1], [
  "data",
  7,
  1,
]];

const MSI_32: readonly PciRegisterRow[] = [
  ["control", 2, 2],
  ["address", 4, 4],
  ["data", 8, 2],
  ["mask", 0x0c, 4],
  ["pending", 0x10, 4],
];

const MSI_64: readonly PciRegisterRow[] = [
  ["control", 2, 2],
  ["address", 4, 8],
  ["data", 0x0c, 2],
  ["mask", 0x10, 4],
  ["pending", 0x14, 4],
];

const EXPRESS: readonly PciRegisterRow[] = [
  ["flags", 2, 2],
  ["device-capabilities", 4, 4],
  ["device-control", 8, 2],
  ["device-status", 0x0a, 2],
  ["link-capabilities", 0x0c, 4],
  ["link-control", 0x10, 2],
  ["link-status", 0x12, 2],
  ["slot-capabilities", 0x14, 4],
  ["slot-control", 0x18, 2],
  ["slot-status", 0x1a, 2],
  ["root-control", 0x1c, 2],
  ["root-capabilities", 0x1e, 2],
  ["root-status", 0x20, 4],
  ["device-capabilities-2", 0x24, 4],
  ["device-control-2", 0x28, 2],
  ["device-status-2", 0x2a, 2],
  ["link-capabilities-2", 0x2c, 4],
  ["link-control-2", 0x30, 2],
  ["link-status-2", 0x32, 2],
];

const MSIX: readonly PciRegisterRow[] = [["control", 2, 2], ["table", 4, 4], ["pba", 8, 4]];

/** Registers of a capability behind its id and pointer; offsets count from its start. */
export function capabilityRows(id: number, msiIs64bit: boolean): readonly PciRegisterRow[] {
  switch (id) {
    case 0x01:
      return POWER_MANAGEMENT;
    case 0x05:
      return msiIs64bit ? MSI_64 : MSI_32;
    case 0x09:
      return [["length", 2, 1]];
    case 0x10:
      return EXPRESS;
    case 0x11:
      return MSIX;
    default:
      return [];
  }
}
