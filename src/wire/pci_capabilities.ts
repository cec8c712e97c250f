/**
 * The two lists of capabilities in a PCI config space. Pointers come from whoever sent the bytes: they may lead anywhere,
 * also in circles, so every walk stops at the first place it has been to.
 *
 * @module
 */

import { le16, le32, le8 } from "./pci_bytes.ts";
import { pciCapabilityName, pciExtendedCapabilityName } from "./pci_names.ts";

const STATUS = 0x06;
const STATUS_CAP_LIST = 0x10;
const CAPABILITY_LIST = 0x34;
const CAP_ID_PM = 0x01;
const CAP_ID_MSI = 0x05;
const CAP_ID_PCIX = 0x07;
const CAP_ID_VENDOR = 0x09;
const CAP_ID_EXPRESS = 0x10;
const CAP_ID_MSIX = 0x11;
const EXTENDED_START = 0x100;

/** Where the table or the pending bits of MSI-X are in the device. */
export interface MsixPlace {
  /** Number of the BAR. */
  readonly bar: number;
  /** Offset in it. */
  readonly offset: number;
}

/** Details of an MSI capability. */
export interface PciMsi {
  /** The guest uses it. */
  readonly enabled: boolean;
  /** Messages the guest allotted. */
  readonly vectorsEnabled: number;
  /** Messages the device can use. */
  readonly vectors: number;
  /** Single messages can be masked. */
  readonly maskable: boolean;
  /** The address has 64 bits. */
  readonly is64bit: boolean;
  /** Address that is written to. */
  readonly address: bigint;
  /** What is written there. */
  readonly data: number;
}

/** Details of an MSI-X capability. */
export interface PciMsix {
  /** The guest uses it. */
  readonly enabled: boolean;
  /** All vectors are masked. */
  readonly masked: boolean;
  /** Entries of the table, 1..2048. */
  readonly vectors: number;
  /** Where the table is. */
  readonly table: MsixPlace;
  /** Where the pending bits are. */
  readonly pending: MsixPlace;
}

/** Speed and width of a PCI Express link. */
export interface PciLink {
  /** Transfers a second in GT/s; 0 where the code is unknown. */
  readonly speed: number;
  /** Lanes. */
  readonly width: number;
}

/** Details of a PCI Express capability. */
export interface PciExpress {
  /** Version of the capability. */
  readonly version: number;
  /** Device or port type, 0..15: 0 endpoint, 1 legacy endpoint, 9 endpoint integrated in the root complex. */
  readonly type: number;
  /** Message number of its own interrupts. */
  readonly interruptMessage: number;
  /** What the link can do. */
  readonly linkCapability: PciLink;
  /** Number of the port. */
  readonly port: number;
  /** What the link does. */
  readonly linkStatus: PciLink;
}

/** Details of a power management capability. */
export interface PciPowerManagement {
  /** Version of the capability. */
  readonly version: number;
  /** Power state D0..D3. */
  readonly state: number;
  /** Going from D3 to D0 keeps the device's state. */
  readonly noSoftReset: boolean;
  /** May signal power management events. */
  readonly pmeEnabled: boolean;
}

/** One entry of the capability list; at most one of the details is there. */
export interface PciCapability {
  /** Place in the config space. */
  readonly offset: number;
  /** Number of the capability. */
  readonly id: number;
  /** Its name. */
  readonly name: string;
  /** Details of Power Management. */
  readonly powerManagement?: PciPowerManagement;
  /** Details of MSI. */
  readonly msi?: PciMsi;
  /** Details of MSI-X. */
  readonly msix?: PciMsix;
  /** Details of PCI Express. */
  readonly express?: PciExpress;
  /** Bytes of vendor specific information. */
  readonly vendorLength?: number;
}

/** One entry of the extended capability list. */
export interface PciExtendedCapability {
  /** Place in the config space. */
  readonly offset: number;
  /** Number of the capability. */
  readonly id: number;
  /** Version of the capability. */
  readonly version: number;
  /** Its name. */
  readonly name: string;
}

/** How a list of capabilities ends: as it should, at a place it has been to, or at bytes that are none (all ones). */
export type ChainEnd = "end" | "looped" | "broken";

/** A list of capabilities, in the order of the list. */
export interface CapabilityChain<C> {
  /** The entries. */
  readonly list: readonly C[];
  /** How the list ends. */
  readonly end: ChainEnd;
  /** Place of the entry that could not be read; 0 where the list ends well. */
  readonly endOffset: number;
}

/** Reads the capability list of a PCI config space. */
export function pciCapabilities(config: Uint8Array): CapabilityChain<PciCapability> {
  const list: PciCapability[] = [];
  if ((le16(config, STATUS) & STATUS_CAP_LIST) === 0) return { list, end: "end", endOffset: 0 };
  const seen = new Set<number>();
  let at = le8(config, CAPABILITY_LIST) & 0xfc;
  while (at !== 0) {
    if (seen.has(at)) return { list, end: "looped", endOffset: at };
    seen.add(at);
    const id = le8(config, at);
    if (id === 0xff) return { list, end: "broken", endOffset: at };
    list.push({ offset: at, id, name: pciCapabilityName(id), ...details(config, at, id) });
    at = le8(config, at + 1) & 0xfc;
  }
  return { list, end: "end", endOffset: 0 };
}

/**
 * Reads the extended capability list, which begins at 0x100. Only a device with a PCI Express or PCI-X capability has
 * one; a conventional device has zeros there, or nothing.
 */
export function pciExtendedCapabilities(
  config: Uint8Array,
  capabilities: readonly PciCapability[],
): CapabilityChain<PciExtendedCapability> {
  const list: PciExtendedCapability[] = [];
  const extended = capabilities.some((c) => c.id === CAP_ID_EXPRESS || c.id === CAP_ID_PCIX);
  const seen = new Set<number>();
  let at = extended ? EXTENDED_START : 0;
  while (at >= EXTENDED_START) {
    if (seen.has(at)) return { list, end: "looped", endOffset: at };
    seen.add(at);
    const header = le32(config, at);
    if (header === 0xffffffff) return { list, end: "broken", endOffset: at };
    if (header === 0) break;
    const id = header & 0xffff;
    list.push({ offset: at, id, version: header >>> 16 & 0xf, name: pciExtendedCapabilityName(id) });
    at = header >>> 20 & 0xffc;
  }
  return { list, end: "end", endOffset: 0 };
}

/** Entries of the MSI-X table that the config space announces; 0 without MSI-X. */
export function msixVectors(config: Uint8Array): number {
  return pciCapabilities(config).list.find((capability) => capability.msix !== undefined)?.msix?.vectors ?? 0;
}

function details(config: Uint8Array, at: number, id: number): Omit<PciCapability, "offset" | "id" | "name"> {
  switch (id) {
    case CAP_ID_PM:
      return { powerManagement: powerManagement(config, at) };
    case CAP_ID_MSI:
      return { msi: msi(config, at) };
    case CAP_ID_VENDOR:
      return { vendorLength: le8(config, at + 2) };
    case CAP_ID_EXPRESS:
      return { express: express(config, at) };
    case CAP_ID_MSIX:
      return { msix: msix(config, at) };
    default:
      return {};
  }
}

function powerManagement(config: Uint8Array, at: number): PciPowerManagement {
  const control = le16(config, at + 4);
  return {
    version: le16(config, at + 2) & 7,
    state: control & 3,
    noSoftReset: (control & 0x08) !== 0,
    pmeEnabled: (control & 0x100) !== 0,
  };
}

function msi(config: Uint8Array, at: number): PciMsi {
  const control = le16(config, at + 2);
  const is64bit = (control & 0x80) !== 0;
  const high = is64bit ? le32(config, at + 8) : 0;
  return {
    enabled: (control & 1) !== 0,
    vectorsEnabled: 1 << (control >>> 4 & 7),
    vectors: 1 << (control >>> 1 & 7),
    maskable: (control & 0x100) !== 0,
    is64bit,
    address: BigInt(high) << 32n | BigInt(le32(config, at + 4)),
    data: le16(config, at + (is64bit ? 12 : 8)),
  };
}

function msix(config: Uint8Array, at: number): PciMsix {
  const control = le16(config, at + 2);
  return {
    enabled: (control & 0x8000) !== 0,
    masked: (control & 0x4000) !== 0,
    vectors: (control & 0x7ff) + 1,
    table: msixPlace(le32(config, at + 4)),
    pending: msixPlace(le32(config, at + 8)),
  };
}

function msixPlace(word: number): MsixPlace {
  return { bar: word & 7, offset: (word & ~7) >>> 0 };
}

function express(config: Uint8Array, at: number): PciExpress {
  const flags = le16(config, at + 2);
  const linkCapability = le32(config, at + 12);
  return {
    version: flags & 0xf,
    type: flags >>> 4 & 0xf,
    interruptMessage: flags >>> 9 & 0x1f,
    linkCapability: link(linkCapability),
    port: linkCapability >>> 24,
    linkStatus: link(le16(config, at + 18)),
  };
}

/** GT/s by the code of the link registers. */
const LINK_SPEEDS = [0, 2.5, 5, 8, 16, 32, 64];

function link(word: number): PciLink {
  return { speed: LINK_SPEEDS[word & 0xf] ?? 0, width: word >>> 4 & 0x3f };
}
