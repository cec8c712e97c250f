/** The model that `migwire inspect` prints. @module */
export { inspectCapture } from "./inspect.ts";
export * from "./model.ts";
