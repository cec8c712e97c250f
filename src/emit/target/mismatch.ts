import { qemuWording } from "../../wire/mod.ts";
import type { TargetFacts } from "./facts.ts";

/** What does not fit. Stable, for programs. */
export type MismatchCode =
  /** The QEMU was not started to take a migration. */
  | "not-a-destination"
  /** It has taken a migration already, or is about to. */
  | "used"
  /** It listens already, and a setting cannot be changed any more. */
  | "listening"
  /** Another machine type. */
  | "machine"
  /** A block of RAM is missing. */
  | "block-missing"
  /** A block of RAM has another size. */
  | "block-size"
  /** A block of RAM is not in the stream. */
  | "block-extra"
  /** Another UUID. */
  | "uuid"
  /** This version does not know a part of the stream. */
  | "version"
  /** This version does not know a capability. */
  | "capability"
  /** A capability or parameter stays other than the stream needs it. */
  | "setting"
  /** A mapped-ram file cannot be sent over a connection. */
  | "mapped-ram"
  /** A VFIO device is missing. */
  | "device-missing"
  /** A VFIO device is not in the stream. */
  | "device-extra"
  /** A VFIO device does not migrate. */
  | "device-disabled"
  /** A VFIO device expects its state elsewhere. */
  | "device-mode"
  /** Stream and device disagree about when the config may be loaded. */
  | "device-config"
  /** The limit of a device's queue is smaller than what the stream may queue. */
  | "device-queue";

/** One thing that does not fit. */
export interface Mismatch {
  /** What, for programs. */
  readonly code: MismatchCode;
  /** `error` if the migration will fail or hang. */
  readonly severity: "error" | "warning";
  /** What, for people. */
  readonly message: string;
  /** What this QEMU would say; absent if it says nothing. */
  readonly qemu?: string;
  /** What to do about it; empty if nothing helps. */
  readonly hint: string;
}

/** What a mismatch is made of. */
export interface MismatchParts {
  /** What to do about it. */
  readonly hint?: string;
  /** What the newest QEMU would say. */
  readonly qemu?: string;
  /** `error` if absent. */
  readonly severity?: Mismatch["severity"];
}

/** A mismatch, with QEMU's text in the words of the target's version. */
export function mismatch(
  facts: Pick<TargetFacts, "qemu">,
  code: MismatchCode,
  message: string,
  { hint = "", qemu, severity = "error" }: MismatchParts = {},
): Mismatch {
  return { code, severity, message, ...(qemu === undefined ? {} : { qemu: qemuWording(qemu, facts.qemu) }), hint };
}
