import { le16, le32, le8 } from "./pci_bytes.ts";
import {
  type CapabilityChain,
  pciCapabilities,
  type PciCapability,
  pciExtendedCapabilities,
  type PciExtendedCapability,
} from "./pci_capabilities.ts";

/** A base address register as it stands in the config space. Its size is not there. */
export interface PciBar {
  /** Number of the region, that of its first register. */
  readonly index: number;
  /** I/O ports or memory. */
  readonly kind: "io" | "memory";
  /** Bits of the address; 32 for ports. */
  readonly width: 32 | 64;
  /** Reading has no side effects. */
  readonly prefetchable: boolean;
  /** Address, without the flags. */
  readonly address: bigint;
  /** The register, and the next one above it where `width` is 64. */
  readonly raw: bigint;
}

/** What the config space of a PCI device says. */
export interface PciConfig {
  /** Bytes of config space that were there. */
  readonly size: number;
  /** Vendor. */
  readonly vendorId: number;
  /** Device, as the vendor numbers them. */
  readonly deviceId: number;
  /** Command register. */
  readonly command: number;
  /** Status register. */
  readonly status: number;
  /** Revision. */
  readonly revision: number;
  /** Programming interface. */
  readonly progIf: number;
  /** Subclass. */
  readonly subclass: number;
  /** Base class. */
  readonly baseClass: number;
  /** In units of 4 bytes. */
  readonly cacheLineSize: number;
  /** In PCI clocks. */
  readonly latencyTimer: number;
  /** Header layout: 0 device, 1 PCI bridge, 2 CardBus bridge. */
  readonly headerType: number;
  /** The device has more than one function. */
  readonly multifunction: boolean;
  /** Base address registers that are not empty. */
  readonly bars: readonly PciBar[];
  /** Vendor of the board; 0 where the header has none. */
  readonly subsystemVendorId: number;
  /** The board, as its vendor numbers them. */
  readonly subsystemId: number;
  /** Expansion ROM register, raw. */
  readonly expansionRom: number;
  /** The guest's interrupt line. */
  readonly interruptLine: number;
  /** 0 none, 1 to 4 for A to D. */
  readonly interruptPin: number;
  /** Capability list. */
  readonly capabilities: CapabilityChain<PciCapability>;
  /** Extended capability list, empty on conventional devices. */
  readonly extendedCapabilities: CapabilityChain<PciExtendedCapability>;
}

/**
 * Decodes a PCI config space of any size. Never throws: bytes that are missing count as 0.
 *
 * @param config Up to 4096 bytes, as in `VfioConfig.configSpace`.
 * @returns What they say.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodePciConfig } from "@migwire/migwire/wire";
 *
 * const config = decodePciConfig(Uint8Array.fromHex("b3151e1006041000"));
 * assertEquals(config.vendorId, 0x15b3);
 * assertEquals(config.deviceId, 0x101e);
 * ```
 */
export function decodePciConfig(config: Uint8Array): PciConfig {
  const headerType = le8(config, 0x0e) & 0x7f;
  const isDevice = headerType === 0;
  const capabilities = pciCapabilities(config);
  return {
    size: config.length,
    vendorId: le16(config, 0x00),
    deviceId: le16(config, 0x02),
    command: le16(config, 0x04),
    status: le16(config, 0x06),
    revision: le8(config, 0x08),
    progIf: le8(config, 0x09),
    subclass: le8(config, 0x0a),
    baseClass: le8(config, 0x0b),
    cacheLineSize: le8(config, 0x0c),
    latencyTimer: le8(config, 0x0d),
    headerType,
    multifunction: (le8(config, 0x0e) & 0x80) !== 0,
    bars: bars(config, isDevice ? 6 : headerType === 1 ? 2 : 0),
    subsystemVendorId: isDevice ? le16(config, 0x2c) : 0,
    subsystemId: isDevice ? le16(config, 0x2e) : 0,
    expansionRom: isDevice ? le32(config, 0x30) : headerType === 1 ? le32(config, 0x38) : 0,
    interruptLine: le8(config, 0x3c),
    interruptPin: le8(config, 0x3d),
    capabilities,
    extendedCapabilities: pciExtendedCapabilities(config, capabilities.list),
  };
}

function bars(config: Uint8Array, count: number): PciBar[] {
  const list: PciBar[] = [];
  for (let index = 0; index < count; index++) {
    const bar = barAt(config, index, count);
    if (bar === undefined) continue;
    list.push(bar);
    if (bar.width === 64) index++;
  }
  return list;
}

function barAt(config: Uint8Array, index: number, count: number): PciBar | undefined {
  const low = le32(config, 0x10 + 4 * index);
  // All ones is what a register that is not there gives.
  if (low === 0 || low === 0xffffffff) return undefined;
  if ((low & 1) !== 0) {
    const address = BigInt((low & ~3) >>> 0);
    return { index, kind: "io", width: 32, prefetchable: false, address, raw: BigInt(low) };
  }
  const is64bit = (low & 6) === 4;
  // A 64-bit register in the last place has no other half.
  const high = is64bit && index + 1 < count ? le32(config, 0x14 + 4 * index) : 0;
  const raw = BigInt(high) << 32n | BigInt(low);
  return {
    index,
    kind: "memory",
    width: is64bit ? 64 : 32,
    prefetchable: (low & 8) !== 0,
    address: raw & ~0xfn,
    raw,
  };
}
