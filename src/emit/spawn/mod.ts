/** Starts the QEMU that a capture is sent to, by the user's command or by the recorded one. @module */
export { adaptCommand, type AdaptedCommand, type AdaptOptions } from "./adapt_command.ts";
export { type AskOptions, askQemu, type QemuSelf } from "./ask_qemu.ts";
export type { Exit } from "./process.ts";
export { SpawnError, type SpawnErrorCode } from "./spawn_error.ts";
export { SPAWN_LIMITS, SpawnedQemu, type SpawnLimits, type SpawnOptions } from "./spawned_qemu.ts";
export { splitCommand } from "./split_command.ts";
export {
  type Seen,
  type StandInBlock,
  type StandInFile,
  type StandInOptions,
  type StandIns,
  standIns,
} from "./stand_ins.ts";
