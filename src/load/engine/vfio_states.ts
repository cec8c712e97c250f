/** Device states of a VFIO device in the kernel's terms, and how they follow the migration (vfio.md §5, §6). @module */

/** States of the kernel's migration interface; the index is the kernel's number. */
export const VFIO_DEVICE_STATES = [
  "ERROR",
  "STOP",
  "RUNNING",
  "STOP_COPY",
  "RESUMING",
  "RUNNING_P2P",
  "PRE_COPY",
  "PRE_COPY_P2P",
] as const;

/** One of {@linkcode VFIO_DEVICE_STATES}. */
export type VfioDeviceState = (typeof VFIO_DEVICE_STATES)[number];

/** What a device's kernel driver can do beside STOP_COPY. */
export interface VfioAbilities {
  /** State can be read while the guest runs. */
  readonly precopy: boolean;
  /** Transfers between devices can be stopped before the device is. */
  readonly p2p: boolean;
}

/** Moments of a migration at which a device changes its state. */
export type VfioMoment =
  /** START section. */
  | "setup"
  /** The guest is about to be stopped. */
  | "about-to-stop"
  /** The guest was stopped to finish the migration. */
  | "stopped"
  /** END section, or the save thread. */
  | "complete"
  /** The migration is over. */
  | "cleanup"
  /** It failed or was cancelled. */
  | "failed"
  /** The guest is about to run at the destination. */
  | "about-to-run"
  /** The guest runs. */
  | "running";

/** State after a moment, by the state before it; what is not named stays. */
export type VfioArcs = { readonly [moment in VfioMoment]?: { readonly [state in VfioDeviceState]?: VfioDeviceState } };

/** The source's device (vfio.md §5). */
export function sourceArcs({ precopy, p2p }: VfioAbilities): VfioArcs {
  return {
    ...(precopy ? { setup: { RUNNING: "PRE_COPY" } } : {}),
    ...(p2p ? { "about-to-stop": { RUNNING: "RUNNING_P2P", PRE_COPY: "PRE_COPY_P2P" } } : {}),
    stopped: {
      RUNNING: "STOP",
      RUNNING_P2P: "STOP",
      PRE_COPY: "STOP_COPY",
      PRE_COPY_P2P: "STOP_COPY",
    },
    complete: { STOP: "STOP_COPY" },
    cleanup: { STOP_COPY: "STOP" },
    failed: {
      STOP: "RUNNING",
      STOP_COPY: "RUNNING",
      PRE_COPY: "RUNNING",
      PRE_COPY_P2P: "RUNNING",
      RUNNING_P2P: "RUNNING",
    },
  };
}

/** The destination's device (vfio.md §6.1, §6.5): it resumes until the guest runs, also if the load fails. */
export function destinationArcs({ p2p }: VfioAbilities): VfioArcs {
  return {
    setup: { STOP: "RESUMING", RUNNING: "RESUMING", RUNNING_P2P: "RESUMING" },
    ...(p2p ? { "about-to-run": { RESUMING: "RUNNING_P2P", STOP: "RUNNING_P2P" } } : {}),
    running: { RESUMING: "RUNNING", RUNNING_P2P: "RUNNING", STOP: "RUNNING" },
  };
}

/**
 * The state that a device is in after a moment.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nextVfioState, sourceArcs } from "./vfio_states.ts";
 *
 * const arcs = sourceArcs({ precopy: true, p2p: true });
 * assertEquals(nextVfioState(arcs, "RUNNING", "setup"), "PRE_COPY");
 * assertEquals(nextVfioState(arcs, "PRE_COPY_P2P", "stopped"), "STOP_COPY");
 * ```
 */
export function nextVfioState(arcs: VfioArcs, state: VfioDeviceState, moment: VfioMoment): VfioDeviceState {
  return arcs[moment]?.[state] ?? state;
}
