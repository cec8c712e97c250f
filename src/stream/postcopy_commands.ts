import { type Command, commandName, type Decoder, hex, MIG_CMD } from "../wire/mod.ts";
import { type MigrationState, POSTCOPY_PHASES, type PostcopyPhase } from "./migration_state.ts";

/** Phases a command is legal in, and the phase after it (main-channel.md §3.14). */
const TRANSITIONS: ReadonlyMap<number, { readonly from: readonly PostcopyPhase[]; readonly to: PostcopyPhase }> =
  new Map<number, { from: PostcopyPhase[]; to: PostcopyPhase }>([
    [MIG_CMD.POSTCOPY_ADVISE, { from: ["none"], to: "advise" }],
    [MIG_CMD.POSTCOPY_RAM_DISCARD, { from: ["advise", "discard"], to: "discard" }],
    [MIG_CMD.POSTCOPY_LISTEN, { from: ["advise", "discard"], to: "listening" }],
    [MIG_CMD.POSTCOPY_RUN, { from: ["listening"], to: "running" }],
  ]);

/** Takes note of what a command changes, and of commands that come at the wrong time. */
export function applyCommand(state: MigrationState, command: Command, decoder: Decoder, offset: number): void {
  const transition = TRANSITIONS.get(command.command);
  if (transition !== undefined) {
    if (!transition.from.includes(state.postcopy)) {
      decoder.note({
        severity: "error",
        code: "postcopy-state",
        offset,
        message: `${commandName(command.command)} comes in postcopy phase "${state.postcopy}"`,
        qemu: `CMD_${commandName(command.command)} in wrong postcopy state (${
          POSTCOPY_PHASES.indexOf(state.postcopy)
        })`,
      });
    }
    state.postcopy = transition.to;
  }
  switch (command.command) {
    case MIG_CMD.OPEN_RETURN_PATH:
      state.returnPath = true;
      break;
    case MIG_CMD.PING:
      if (!state.returnPath) {
        decoder.note({
          severity: "error",
          code: "no-return-path",
          offset,
          message: "PING, but no OPEN_RETURN_PATH before it",
          qemu: `CMD_PING (${hex(command.value ?? 0)}) received with no return path`,
        });
      }
      break;
    case MIG_CMD.POSTCOPY_ADVISE:
      if (command.targetPageSize !== undefined) {
        state.hostPageSizes = command.hostPageSizes ?? 0n;
        state.learnPageSize(command.targetPageSize, "advise");
      }
      break;
    case MIG_CMD.ENABLE_COLO:
      state.colo = true;
      break;
  }
}
