/** Models that commands print: values, no text. @module */
export * from "./inspect/mod.ts";
export * from "./records/mod.ts";
export * from "./check/mod.ts";
export * from "./load/mod.ts";
export * from "./replay/mod.ts";
export * from "./timeline/mod.ts";
export * from "./diff/mod.ts";
export * from "./compat/mod.ts";
export * from "./export/mod.ts";
