/** Starts the QEMU that a capture is sent to, by the user's command or by the recorded one. @module */
export {
  adaptCommand,
  type AdaptedCommand,
  type AdaptOptions,
  type AskOptions,
  askQemu,
  type Exit,
  type QemuSelf,
  SPAWN_LIMITS,
  SpawnedQemu,
  SpawnError,
  type SpawnErrorCode,
  type SpawnLimits,
  type SpawnOptions,
  splitCommand,
  type StandInBlock,
} from "../emit/spawn/mod.ts";
