/** The judgement that `migwire check` prints. @module */
export { checkCapture, type CheckOptions } from "./check.ts";
export * from "./model.ts";
export { type QueueEvent, type QueuePeaks, queuePeaks } from "./queue_peaks.ts";
