/** QEMU's monitor protocol, QMP: a client that waits for nothing without a limit. @module */
export {
  type Clock,
  type JsonObject,
  QMP_LIMITS,
  QmpClient,
  type QmpConnection,
  QmpError,
  type QmpErrorCode,
  type QmpErrorDetails,
  type QmpEvent,
  type QmpLimits,
  type QmpOptions,
} from "../qmp/mod.ts";
