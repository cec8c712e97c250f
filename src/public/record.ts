/** The relay: stands between two QEMUs and records what they send. Its addresses are those of `/replay` too. @module */
export { formatSocketAddress, parseSocketAddress, type SocketAddress } from "../net/mod.ts";
export {
  type CaptureRecorder,
  type ChannelStatus,
  type LeftOutBytes,
  type MigrationSide,
  type NotKept,
  RecordError,
  type RecordErrorCode,
  type RecordFile,
  Recording,
  recordInto,
  type RecordIntoOptions,
  type RecordNotice,
  type RecordOptions,
  type RecordPhase,
  type RecordResult,
  type RecordStatus,
  type RecordStorage,
  withoutPayload,
} from "../record/mod.ts";
