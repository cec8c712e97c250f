/** The relay: stands between two QEMUs and records what they send. @module */
export type { MigrationSide } from "./connection.ts";
export type { RecordPhase } from "./live_migration.ts";
export { RecordError, type RecordErrorCode } from "./record_error.ts";
export { type CaptureRecorder, recordInto, type RecordIntoOptions } from "./record_into.ts";
export {
  type ChannelStatus,
  type NotKept,
  Recording,
  type RecordNotice,
  type RecordOptions,
  type RecordResult,
  type RecordStatus,
} from "./recording.ts";
export { DirectoryStorage, type RecordFile, type RecordStorage } from "./storage.ts";
export { type LeftOutBytes, withoutPayload } from "./without_payload.ts";
