/** The model that `migwire load` prints. @module */
export { loadJudged, loadReport, type LoadReportOptions } from "./load.ts";
export * from "./model.ts";
