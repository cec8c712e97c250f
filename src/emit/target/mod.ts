/** A QEMU that a migration is sent to: what it is, what it is set to, what does not fit, and how it ends. @module */
export type { Monitor } from "./ask.ts";
export { examineTarget, type TargetFacts } from "./facts.ts";
export {
  type FollowedMonitor,
  type FollowOptions,
  followTarget,
  type TargetEnd,
  TargetFollower,
  type TargetOutcome,
} from "./follow.ts";
export type { Mismatch, MismatchCode } from "./mismatch.ts";
export { mismatchesOf } from "./mismatches.ts";
export { type PreparedTarget, type PrepareOptions, prepareTarget } from "./prepare.ts";
export type { TargetBlock } from "./ram_blocks.ts";
export {
  type LeftOut,
  settingOf,
  type SettingOrigin,
  type SettingsInput,
  type TargetOptions,
  type TargetSetting,
  type TargetSettings,
  targetSettings,
} from "./settings.ts";
export type { TargetDevice } from "./vfio_devices.ts";
