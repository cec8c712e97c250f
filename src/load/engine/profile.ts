import { isAtLeast, parseQemuVersion, type QemuVersion } from "../../capture/values.ts";

/** What a destination of one QEMU version does differently from another (destination-engine.md B.8, D). */
export interface QemuProfile {
  /** Version, `10.2`. */
  readonly version: string;
  /** Device-state packets and SWITCHOVER_START are known: 10.0 and later. */
  readonly multifdTransfer: boolean;
  /** The config can wait for all iterables, and CONFIG_LOAD_READY is known: 10.1 and later. */
  readonly gate: boolean;
  /** Queued bytes can be limited: 10.1 and later. */
  readonly sizeLimit: boolean;
  /** A device may announce its initial data again: the acknowledgement scheme of 11.1. */
  readonly repeatedInitData: boolean;
  /** A channel's id that equals the number of channels is refused: 11.0 and later (row 76). */
  readonly checksLastId: boolean;
  /** What it does with the length of a compressed packet that cannot be: 10.1 and 10.2 abort (rows 79, 80). */
  readonly codecChecks: "error" | "abort";
}

/** The version that is assumed where nothing says it: the newest that is known. */
export const NEWEST_QEMU = "11.1";

/**
 * The profile of a QEMU version, by what was new in which (destination-engine.md B.8).
 *
 * @param version As QEMU writes it: `10.0.13`, `11.1`.
 * @returns What such a QEMU does.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { qemuProfile } from "@migwire/migwire/load";
 *
 * assert(!qemuProfile("10.0.13").sizeLimit);
 * assert(qemuProfile("10.1").sizeLimit);
 * ```
 */
export function qemuProfile(version: string): QemuProfile {
  const parsed = parseQemuVersion(version);
  // A version that cannot be read is a new one.
  const since = (major: number, minor: number): boolean => parsed === undefined || isAtLeast(parsed, major, minor);
  return {
    version,
    multifdTransfer: since(10, 0),
    gate: since(10, 1),
    sizeLimit: since(10, 1),
    repeatedInitData: since(11, 1),
    checksLastId: since(11, 0),
    codecChecks: (since(10, 1) && !since(11, 0)) || isEarlyStable(parsed) ? "abort" : "error",
  };
}

/** Releases of 10.0 in which the checks of compressed packets were assertions: 10.0.2 aborts, 10.0.13 does not. */
function isEarlyStable(version: QemuVersion | undefined): boolean {
  return version?.major === 10 && version.minor === 0 && version.micro > 0 && version.micro < 13;
}
