/** The model that `migwire diff` prints. @module */
export { diffCaptures, type DiffOptions } from "./diff.ts";
export * from "./model.ts";
export { type Path, type PathStep, pathText } from "./path.ts";
export { matchesPath, type PathFilter } from "./pattern.ts";
