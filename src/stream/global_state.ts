import { decodeText } from "../bytes/mod.ts";
import { type FindingDraft, isQemuBefore } from "../wire/mod.ts";
import type { MigrationState, SectionEntry } from "./migration_state.ts";

/** The states of a run that a destination knows: those of QEMU 7.2 to 11.1 are the same. */
const RUN_STATES: ReadonlySet<string> = new Set([
  ...["debug", "inmigrate", "internal-error", "io-error", "paused", "postmigrate", "prelaunch", "finish-migrate"],
  ...["restore-vm", "running", "save-vm", "shutdown", "suspended", "watchdog", "guest-panicked", "colo"],
]);

/** States that no machine can enter from `inmigrate`: QEMU ends itself where it comes to one. */
const NEVER_ENTERED: ReadonlySet<string> = new Set(["debug", "restore-vm", "save-vm"]);

/** Bytes of `size`, before the name. */
const NAME_AT = 4;
/** Bytes of the whole body, in every version. */
const BODY_LENGTH = 104;

/**
 * What a destination has against the body of `globalstate`: it goes on in the run state that is named there, and takes
 * no other than it knows. Undefined if nothing, or if it is no such body.
 *
 * @param body The section's body.
 * @param offset Its first byte in the channel.
 * @param state What the stream has told; postcopy starts the guest whatever stands here.
 */
export function globalStateFinding(
  { idstr, instanceId }: SectionEntry,
  body: Uint8Array,
  offset: number,
  state: MigrationState,
): FindingDraft | undefined {
  if (idstr !== "globalstate" || instanceId !== 0 || body.length !== BODY_LENGTH) return undefined;
  const room = isQemuBefore(state.destination, 9, 0) ? BODY_LENGTH - NAME_AT : 32;
  // The last byte is taken for the end, whatever it is.
  const bytes = body.subarray(NAME_AT, NAME_AT + room - 1);
  const end = bytes.indexOf(0);
  const name = decodeText(end < 0 ? bytes : bytes.subarray(0, end));
  const place = { severity: "error", offset: offset + NAME_AT, field: "runstate" } as const;
  if (!RUN_STATES.has(name)) {
    return {
      ...place,
      code: "run-state",
      message: `${JSON.stringify(name)} is no state of a run`,
      qemu: `invalid parameter value: ${name}`,
    };
  }
  if (!NEVER_ENTERED.has(name) || state.postcopy === "listening" || state.postcopy === "running") return undefined;
  return {
    ...place,
    code: "run-state-transition",
    message: `the run state is "${name}", which a destination cannot go on in`,
    qemu: `invalid runstate transition: 'inmigrate' -> '${name}'`,
  };
}
