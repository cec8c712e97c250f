/** The rows that `migwire export` writes. @module */
export { exportCapture, exportUnreadable } from "./export.ts";
export * from "./tables.ts";
