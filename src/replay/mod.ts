/** Sends a capture to a QEMU, and says what becomes of it. @module */
export type { ReplayScore } from "./hold_back.ts";
export { planReplay, type ReplayChanges } from "./plan_replay.ts";
export { replay } from "./replay.ts";
export type {
  ReplayNotice,
  ReplayOptions,
  ReplayPrelude,
  ReplayResult,
  ReplayTarget,
  ReplayVerdict,
  ReplayVerdictKind,
} from "./replay_options.ts";
export { uuidBytes } from "./uuid_change.ts";
export { type Evidence, verdictOf } from "./verdict.ts";
