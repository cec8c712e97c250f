/** QEMU's monitor protocol, QMP: a client that waits for nothing without a limit. @module */
export { QmpClient, type QmpConnection, type QmpOptions } from "./client.ts";
export { type Clock, SYSTEM_CLOCK } from "./clock.ts";
export { QMP_LIMITS, type QmpLimits } from "./limits.ts";
export { isObject, type JsonObject, type QmpEvent } from "./message.ts";
export { QmpError, type QmpErrorCode, type QmpErrorDetails } from "./qmp_error.ts";
