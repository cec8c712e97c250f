/** Sends a capture to a QEMU, says what becomes of it, and gives what `migwire replay` prints. @module */
export type {
  LeftOut,
  Mismatch,
  MismatchCode,
  SettingOrigin,
  TargetBlock,
  TargetDevice,
  TargetEnd,
  TargetFacts,
  TargetOptions,
  TargetOutcome,
  TargetSetting,
  TargetSettings,
} from "../emit/target/mod.ts";
export { formatSocketAddress, parseSocketAddress, type SocketAddress } from "../net/mod.ts";
export {
  replay,
  type ReplayChanges,
  type ReplayNotice,
  type ReplayOptions,
  type ReplayPrelude,
  type ReplayResult,
  type ReplayTarget,
  type ReplayVerdict,
  type ReplayVerdictKind,
  uuidBytes,
} from "../replay/mod.ts";
export {
  REPLAY_FORMAT,
  type ReplayReport,
  replayReport,
  type ReplayTargetReport,
  type SentReport,
} from "../report/replay/mod.ts";
