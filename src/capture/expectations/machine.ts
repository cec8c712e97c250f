/** Machine types: what an alias stands for, and the version that a type is bound to. @module */

import { parseQemuVersion, type QemuVersion } from "./version.ts";

/** Aliases of machine types that get a new version with each release; `virt` is one on some targets only. */
const ALIASES: { readonly [alias: string]: string } = {
  pc: "pc-i440fx",
  q35: "pc-q35",
  pseries: "pseries",
  "s390-ccw-virtio": "s390-ccw-virtio",
};

/** Targets on which `virt` stands for the newest `virt-X.Y`; on riscv and loongarch it is a type of its own. */
const VERSIONED_VIRT: readonly string[] = ["aarch64", "arm", "m68k"];

/** Types whose name tells all, version or not. */
const PLAIN: readonly string[] = ["microvm", "isapc"];

/** Families whose types end in a version. */
const VERSIONED = /^(pc-i440fx|pc-q35|pseries|s390-ccw-virtio|virt)-\d+\.\d+(\.\d+)?$/;

/**
 * The full name of a machine type, which is what the stream says. Undefined where that is not certain: a type that is
 * not known here may be an alias, and a distribution may have types of its own.
 *
 * @param name As in `-machine`.
 * @param arch Target of the program, such as `x86_64`.
 * @param version Version of the program; decides what an alias stands for.
 */
export function resolveMachine(
  name: string,
  arch: string | undefined,
  version: QemuVersion | undefined,
): string | undefined {
  if (PLAIN.includes(name) || VERSIONED.test(name)) return name;
  const isVirt = name === "virt" && arch !== undefined && VERSIONED_VIRT.includes(arch);
  const family = isVirt ? "virt" : Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined;
  // A development version may or may not have the next release's type.
  if (family === undefined || version === undefined || version.micro >= 50) return undefined;
  return `${family}-${version.major}.${version.minor}`;
}

/** The QEMU version that a machine type keeps to; undefined for a type without one. */
export function machineVersion(name: string): QemuVersion | undefined {
  const match = /-(\d+\.\d+(?:\.\d+)?)$/.exec(name);
  return match?.[1] === undefined ? undefined : parseQemuVersion(match[1]);
}
