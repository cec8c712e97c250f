/** The model that `migwire report` draws. @module */
export { coarserView } from "./coarser.ts";
export type * from "./model.ts";
export { type TimelineOptions, timelineReport } from "./report.ts";
