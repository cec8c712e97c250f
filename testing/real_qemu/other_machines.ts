/** Machines of other architectures, with sections and words of their own. @module */

import { fillFrom, type Machine } from "./machine.ts";

const MIB = 2 ** 20;
const BARE: readonly string[] = ["-accel", "tcg", "-nodefaults", "-no-user-config", "-display", "none"];

/** One of them. */
export interface OtherMachine extends Machine {
  /** Its firmware goes on when there is nothing to boot. */
  readonly runs: boolean;
}

/** By the name of the architecture. */
export const OTHER_MACHINES: { readonly [architecture: string]: OtherMachine } = {
  /** Its memory begins at 1 GiB; what describes it to the guest lies at the beginning. */
  aarch64: {
    args: ["-M", "virt", "-cpu", "cortex-a57", "-m", "32", ...BARE],
    fill: fillFrom(0x4100_0000),
    block: "mach-virt.ram",
    visible: [{ address: 0x4000_0000, offset: 0, length: 32 * MIB }],
    runs: true,
  },
  /** With the hash table of its pages in the section `spapr/htab`. */
  ppc64: {
    args: ["-M", "pseries", "-m", "256", ...BARE],
    fill: fillFrom(64 * MIB),
    block: "ppc_spapr.ram",
    visible: [{ address: 0, offset: 0, length: 80 * MIB }],
    runs: true,
  },
  /** With the section `s390-storage_attributes`. */
  s390x: {
    args: ["-M", "s390-ccw-virtio", "-m", "32", ...BARE],
    fill: fillFrom(2 * MIB),
    block: "s390.ram",
    visible: [{ address: 0, offset: 0, length: 32 * MIB }],
    runs: false,
  },
};
