/**
 * States that QEMU's code registers, and no type of device: `-dump-vmstate` does not have them. What is known of them
 * comes from QEMU's releases.
 *
 * @module
 */

/** First version, major and minor, that has something. */
type Since = readonly [major: number, minor: number];

/** Between these versions something came: the first still lacks it, the second has it. */
interface Came {
  /** The last version that is known to lack it. */
  readonly lacks: Since;
  /** The first version that is known to have it. */
  readonly has: Since;
}

/** Names of states, of all architectures. Undefined: every version that migwire knows of has it. */
const STATES: ReadonlyMap<string, Came | undefined> = new Map<string, Came | undefined>([
  ...[
    ...["ram", "dirty-bitmap", "timer", "cpu_common", "cpu", "globalstate", "slirp", "audio", "replay", "tpm-emulator"],
    ...["PCIBUS", "acpi_build", "virt_acpi_build", "i2c_bus", "apic", "eeprom", "vfio", "spapr/htab", "ghes"],
    // Of these, some versions have a type of device.
    ...["ide", "pckbd", "serial", "kvmclock", "ipmi-bmc-sim", "ipmi-bmc-extern", "ipmi-interface", "isa-ide"],
    ...["i82550", "i82551", "i82557a", "i82557b", "i82557c", "i82558a", "i82558b", "i82559a", "i82559b", "i82559c"],
    ...["i82559er", "i82562", "i82801"],
    ...["s390-storage_attributes", "s390-skeys", "todclock", "s390_css", "spapr", "spapr_pci", "spapr_drc"],
    ...["spapr_iommu", "spapr_tce_table", "icp/server", "ics", "cpu/interrupts", "armv7m_nvic", "gpio-key"],
  ].map((name) => [name, undefined] as const),
  ["virtio-mem-device-early", { lacks: [7, 2], has: [8, 0] }],
]);

/** States that went: the first version without them. */
const GONE: ReadonlyMap<string, Since> = new Map([["block", [9, 1] as const]]);

/** Subsections that were added, of states that no dump has, or that are inside of what a dump does not describe. */
const SUBSECTIONS: ReadonlyMap<string, Came> = new Map<string, Came>([
  ["cpu/xen_vcpu", { lacks: [7, 2], has: [8, 0] }],
  ["cpu/msr_hwcr", { lacks: [7, 2], has: [10, 0] }],
  ["cpu/fred", { lacks: [7, 2], has: [10, 0] }],
  ["virtio-net-device/backend", { lacks: [7, 2], has: [10, 0] }],
  ["cpu/apx", { lacks: [10, 0], has: [11, 1] }],
  ["cpu/cet", { lacks: [10, 0], has: [11, 1] }],
  ["cpu/cet_shstk", { lacks: [10, 0], has: [11, 1] }],
  ["cpu/error_code", { lacks: [10, 0], has: [11, 1] }],
  ["cpu/msr_pl0_ssp", { lacks: [10, 0], has: [11, 1] }],
  ["virtio/128bit_features", { lacks: [10, 0], has: [11, 1] }],
  ["virtio_pci/modern_state/features128", { lacks: [10, 0], has: [11, 1] }],
]);

/** Versions of states that changed: which version up to which QEMU. */
const VERSIONS: ReadonlyMap<string, { readonly upTo: Since; readonly version: number }> = new Map([
  ["ipmi-bmc-sim", { upTo: [10, 0], version: 1 }],
]);

/** Vmsds inside of what a dump does not describe, whose subsections are found by their names. */
export const HIDDEN_VMSDS: readonly string[] = ["virtio", "virtio_pci", "virtio-net-device"];

/** A version, or what is taken for one. */
export type Version = { readonly major: number; readonly minor: number } | undefined;

/** Whether a version knows something: undefined if that cannot be told. */
export type Known = boolean | undefined;

/** Whether QEMU's code registers a state of that name. */
export function isCodeState(vmsd: string): boolean {
  return STATES.has(vmsd) || GONE.has(vmsd);
}

/** Whether a version has the state, one of {@linkcode isCodeState}. */
export function knowsState(vmsd: string, version: Version): Known {
  const gone = GONE.get(vmsd);
  if (gone !== undefined) return version === undefined ? undefined : isBefore(version, gone);
  const came = STATES.get(vmsd);
  return came === undefined ? true : knows(came, version);
}

/** Whether a version knows a subsection of such a state. */
export function knowsSubsection(name: string, version: Version): Known {
  const came = SUBSECTIONS.get(name);
  return came === undefined ? true : knows(came, version);
}

/** The highest version of a state that a QEMU reads; undefined if that is not known. */
export function stateVersion(vmsd: string, version: Version): number | undefined {
  const row = VERSIONS.get(vmsd);
  if (row === undefined || version === undefined) return undefined;
  return isBefore(row.upTo, [version.major, version.minor]) ? undefined : row.version;
}

function knows({ lacks, has }: Came, version: Version): Known {
  if (version === undefined) return undefined;
  if (!isBefore(version, has)) return true;
  return isBefore(lacks, [version.major, version.minor]) ? undefined : false;
}

function isBefore(version: { readonly major: number; readonly minor: number } | Since, [major, minor]: Since): boolean {
  const [ownMajor, ownMinor] = "major" in version ? [version.major, version.minor] : version;
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
