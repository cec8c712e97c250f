import type { CapabilityChain, PciCapability, PciExpress, PciLink } from "./pci_capabilities.ts";
import type { PciBar, PciConfig } from "./pci_config.ts";
import { pciClassName, pciInterfaceName, pciVendorName } from "./pci_names.ts";

const COMMAND_IO = 0x0001;
const COMMAND_MEMORY = 0x0002;
const COMMAND_MASTER = 0x0004;

/** Names of bits, each with its mask, in the order of `lspci`. */
type BitNames = readonly (readonly [name: string, mask: number])[];

const COMMAND_BITS: BitNames = [
  ["I/O", COMMAND_IO],
  ["Mem", COMMAND_MEMORY],
  ["BusMaster", COMMAND_MASTER],
  ["SpecCycle", 0x0008],
  ["MemWINV", 0x0010],
  ["VGASnoop", 0x0020],
  ["ParErr", 0x0040],
  ["Stepping", 0x0080],
  ["SERR", 0x0100],
  ["FastB2B", 0x0200],
  ["DisINTx", 0x0400],
];

const STATUS_BITS: BitNames = [["Cap", 0x10], ["66MHz", 0x20], ["UDF", 0x40], ["FastB2B", 0x80], ["ParErr", 0x100]];

const STATUS_ERRORS: BitNames = [
  [">TAbort", 0x0800],
  ["<TAbort", 0x1000],
  ["<MAbort", 0x2000],
  [">SERR", 0x4000],
  ["<PERR", 0x8000],
  ["INTx", 0x0008],
];

const DEVSEL = ["fast", "medium", "slow", "??"];

const EXPRESS_TYPES: { readonly [type: number]: string } = {
  0x0: "Endpoint",
  0x1: "Legacy Endpoint",
  0x4: "Root Port",
  0x5: "Upstream Port",
  0x6: "Downstream Port",
  0x7: "PCI-Express to PCI/PCI-X Bridge",
  0x8: "PCI/PCI-X to PCI-Express Bridge",
  0x9: "Root Complex Integrated Endpoint",
  0xa: "Root Complex Event Collector",
};

/** Types inside of the root complex: they have no link. */
const TYPES_WITHOUT_LINK: ReadonlySet<number> = new Set([0x9, 0xa]);

/**
 * Tells a PCI config space in the words of `lspci -vv -nn`, as far as it was decoded. The first line says what the
 * device is, the others begin with one tab, details of a capability with two. Sizes of regions are not in the config
 * space, and devices are named by number only.
 *
 * @param config Of {@linkcode decodePciConfig}.
 * @returns The lines.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodePciConfig, describePciConfig } from "@migwire/migwire/wire";
 *
 * const config = decodePciConfig(Uint8Array.fromHex("b3151e10060000000000000200000000"));
 * const [what] = describePciConfig(config);
 * assertEquals(what, "Ethernet controller [0200]: Mellanox Technologies Device [15b3:101e]");
 * ```
 */
export function describePciConfig(config: PciConfig): string[] {
  const lines = [headline(config)];
  if (config.subsystemVendorId !== 0 && config.subsystemVendorId !== 0xffff) {
    lines.push(`\tSubsystem: ${deviceName(config.subsystemVendorId, config.subsystemId)}`);
  }
  lines.push(`\tControl: ${flags(config.command, COMMAND_BITS)}`, `\tStatus: ${status(config.status)}`);
  if ((config.command & COMMAND_MASTER) !== 0) lines.push(`\tLatency: ${latency(config)}`);
  if (config.interruptPin !== 0 || config.interruptLine !== 0) lines.push(`\tInterrupt: ${interrupt(config)}`);
  for (const bar of config.bars) lines.push(`\tRegion ${bar.index}: ${region(bar, config.command)}`);
  if (config.expansionRom !== 0) lines.push(`\tExpansion ROM at ${rom(config)}`);
  for (const capability of config.capabilities.list) lines.push(...capabilityLines(capability));
  lines.push(...chainEnd(config.capabilities, 2));
  for (const { offset, version, name } of config.extendedCapabilities.list) {
    lines.push(`\tCapabilities: [${digits(offset, 3)} v${version}] ${name}`);
  }
  lines.push(...chainEnd(config.extendedCapabilities, 3));
  return lines;
}

function digits(value: number | bigint, count: number): string {
  return value.toString(16).padStart(count, "0");
}

function flag(name: string, set: boolean): string {
  return `${name}${set ? "+" : "-"}`;
}

function flags(value: number, bits: BitNames): string {
  return bits.map(([name, mask]) => flag(name, (value & mask) !== 0)).join(" ");
}

function deviceName(vendorId: number, deviceId: number): string {
  const vendor = pciVendorName(vendorId);
  return `${vendor === undefined ? "" : `${vendor} `}Device [${digits(vendorId, 4)}:${digits(deviceId, 4)}]`;
}

function headline(config: PciConfig): string {
  const { baseClass, subclass, progIf } = config;
  const classNumber = digits(baseClass << 8 | subclass, 4);
  const revision = config.revision === 0 ? "" : ` (rev ${digits(config.revision, 2)})`;
  const name = pciInterfaceName(baseClass, subclass, progIf);
  const programming = progIf === 0 && name === undefined
    ? ""
    : ` (prog-if ${digits(progIf, 2)}${name === undefined ? "" : ` [${name}]`})`;
  const device = deviceName(config.vendorId, config.deviceId);
  return `${pciClassName(baseClass, subclass)} [${classNumber}]: ${device}${revision}${programming}`;
}

function status(value: number): string {
  return `${flags(value, STATUS_BITS)} DEVSEL=${DEVSEL[value >>> 9 & 3]} ${flags(value, STATUS_ERRORS)}`;
}

function latency({ latencyTimer, cacheLineSize }: PciConfig): string {
  return `${latencyTimer}${cacheLineSize === 0 ? "" : `, Cache Line Size: ${cacheLineSize * 4} bytes`}`;
}

function interrupt({ interruptPin, interruptLine }: PciConfig): string {
  return `pin ${"ABCD"[interruptPin - 1] ?? "?"} routed to IRQ ${interruptLine}`;
}

function region(bar: PciBar, command: number): string {
  if (bar.kind === "io") {
    const disabled = (command & COMMAND_IO) === 0;
    const where = bar.address === 0n && disabled ? "<unassigned>" : digits(bar.address, 4);
    return `I/O ports at ${where}${disabled ? " [disabled]" : ""}`;
  }
  const where = bar.address === 0n ? "<unassigned>" : digits(bar.address, 8);
  const kind = `${bar.width}-bit, ${bar.prefetchable ? "" : "non-"}prefetchable`;
  return `Memory at ${where} (${kind})${(command & COMMAND_MEMORY) === 0 ? " [disabled]" : ""}`;
}

function rom({ expansionRom }: PciConfig): string {
  const address = (expansionRom & ~0x7ff) >>> 0;
  return `${address === 0 ? "<unassigned>" : digits(address, 8)}${(expansionRom & 1) === 0 ? " [disabled]" : ""}`;
}

function capabilityLines(capability: PciCapability): string[] {
  const [first, ...more] = capabilityDetails(capability);
  return [`\tCapabilities: [${digits(capability.offset, 2)}] ${first}`, ...more.map((line) => `\t\t${line}`)];
}

function capabilityDetails({ name, powerManagement, msi, msix, express, vendorLength }: PciCapability): string[] {
  if (powerManagement !== undefined) {
    const { version, state, noSoftReset, pmeEnabled } = powerManagement;
    return [
      `${name} version ${version}`,
      `Status: D${state} ${flag("NoSoftRst", noSoftReset)} ${flag("PME-Enable", pmeEnabled)}`,
    ];
  }
  if (msi !== undefined) {
    const { enabled, vectorsEnabled, vectors, maskable, is64bit, address, data } = msi;
    return [
      `${name}: ${flag("Enable", enabled)} Count=${vectorsEnabled}/${vectors} ${flag("Maskable", maskable)} ${
        flag("64bit", is64bit)
      }`,
      `Address: ${digits(address, is64bit ? 16 : 8)}  Data: ${digits(data, 4)}`,
    ];
  }
  if (msix !== undefined) {
    const { enabled, masked, vectors, table, pending } = msix;
    return [
      `${name}: ${flag("Enable", enabled)} Count=${vectors} ${flag("Masked", masked)}`,
      `Vector table: BAR=${table.bar} offset=${digits(table.offset, 8)}`,
      `PBA: BAR=${pending.bar} offset=${digits(pending.offset, 8)}`,
    ];
  }
  if (express !== undefined) return expressDetails(name, express);
  if (vendorLength !== undefined) return [`${name}: Len=${digits(vendorLength, 2)}`];
  return [name];
}

function expressDetails(name: string, express: PciExpress): string[] {
  const type = EXPRESS_TYPES[express.type] ?? `Unknown type ${express.type}`;
  const first = `${name} (v${express.version}) ${type}, MSI ${digits(express.interruptMessage, 2)}`;
  if (TYPES_WITHOUT_LINK.has(express.type)) return [first];
  return [
    first,
    `LnkCap:\tPort #${express.port}, ${linkText(express.linkCapability)}`,
    `LnkSta:\t${linkText(express.linkStatus)}`,
  ];
}

function linkText({ speed, width }: PciLink): string {
  return `Speed ${speed === 0 ? "unknown" : `${speed}GT/s`}, Width x${width}`;
}

function chainEnd(chain: CapabilityChain<unknown>, offsetDigits: number): string[] {
  if (chain.end === "end") return [];
  return [`\tCapabilities: [${digits(chain.endOffset, offsetDigits)}] <chain ${chain.end}>`];
}
