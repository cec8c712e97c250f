/** The model that `replay` prints. @module */
export * from "./model.ts";
export { replayReport } from "./replay.ts";
