/** The model that `migwire inspect` prints. @module */
export { inspectCapture, type InspectOptions } from "./inspect.ts";
export * from "./model.ts";
