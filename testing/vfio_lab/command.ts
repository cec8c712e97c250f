/** A recorded command line, made to fit the lab. @module */

/** A command line for a slot. */
export interface LabCommand {
  /** The arguments, the program first. */
  readonly argv: readonly string[];
  /** The lab's devices, in the order in which the command names them. */
  readonly uuids: readonly string[];
}

/** Options that say where the recorded QEMU was heard and what it wrote; each has one argument. */
const DROPPED: ReadonlySet<string> = new Set([
  "-trace",
  "-D",
  "-qmp",
  "-qmp-pretty",
  "-monitor",
  "-incoming",
  "-pidfile",
]);

const MEDIATED_DEVICE = /(?<=\/sys\/bus\/mdev\/devices\/)[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/g;

/**
 * The command with other devices. QMP is left out, as the agent adds it, and so is a migration that was waited for.
 *
 * @param recorded The arguments, the program first.
 * @param newUuid Gives the UUID for the device of an index, from 0. A device that is named twice gets one.
 */
export function labCommand(recorded: readonly string[], newUuid: (index: number) => string): LabCommand {
  const uuids = new Map<string, string>();
  const replace = (uuid: string): string => {
    const known = uuids.get(uuid) ?? newUuid(uuids.size);
    uuids.set(uuid, known);
    return known;
  };
  const argv: string[] = [];
  for (let i = 0; i < recorded.length; i++) {
    const word = recorded[i] ?? "";
    // QEMU takes an option with two dashes for the same.
    if (i > 0 && DROPPED.has(word.replace(/^--/, "-"))) i++;
    else argv.push(word.replaceAll(MEDIATED_DEVICE, replace));
  }
  return { argv, uuids: [...uuids.values()] };
}
