/** What QEMU says when it cannot load, in the words of a version. @module */

import { isQemuBefore } from "../../wire/mod.ts";

/** The section's version is higher than the destination's. */
export function tooNew(idstr: string, versionId: number, local: number, version: string | undefined): string {
  const text = `unsupported version ${versionId} for '${idstr}' v${local}`;
  return isQemuBefore(version, 10, 2) ? `savevm: ${text}` : text;
}

/** The version of a section or subsection is lower than what the destination reads. */
export function tooOld(vmsd: string, versionId: number, minimum: number, version: string | undefined): string {
  // Older ones have a space too much.
  const space = isQemuBefore(version, 10, 2) ? "  " : " ";
  return `${vmsd}: incoming version_id ${versionId} is too old for local minimum version_id${space}${minimum}`;
}

/** The version of a subsection is higher than the destination's. */
export function subsectionTooNew(vmsd: string, versionId: number, local: number): string {
  return `${vmsd}: incoming version_id ${versionId} is too new for local version_id ${local}`;
}

/** A state cannot be read; `reason` is told by the newest only. */
export function stateFails(idstr: string, instanceId: number, reason: string, version: string | undefined): string {
  const head = `error while loading state for instance 0x${instanceId.toString(16)} of device '${idstr}'`;
  return isQemuBefore(version, 10, 2)
    ? `${head}; load of migration failed: No such file or directory`
    : `${head}: ${reason}`;
}

/** A subsection is not known. */
export function unknownSubsection(name: string, parent: string): string {
  return `VM subsection '${name}' in '${parent}' does not exist`;
}

/** The body is longer or shorter than what is read: it is noticed at its end, or at something inside that cannot be. */
export function misread(idstr: string): string {
  return `Missing section footer for ${idstr}, or whatever it stumbles over first`;
}

/** The device cannot be migrated at all there. */
export function unmigratable(device: string): string {
  return `State blocked by non-migratable device '${device}'`;
}

/** QEMU does not start with that machine type. */
export function unknownMachine(machine: string, version: string | undefined): string {
  return `unsupported machine type${isQemuBefore(version, 9, 0) ? "" : `: "${machine}"`}`;
}
