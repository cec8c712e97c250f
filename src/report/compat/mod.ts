/** The judgement that `migwire compat` prints. @module */
export { compatCapture, type CompatOptions } from "./compat.ts";
export { compatDumps } from "./compat_dumps.ts";
export { machineOf } from "./machine_of.ts";
export * from "./model.ts";
export type { CompatTargetOptions } from "./target.ts";
