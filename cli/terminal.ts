/**
 * What commands print with: outputs, colours, tables, units, and the guard for text from captures.
 *
 * @module
 */
export * from "./io.ts";
export * from "./printable.ts";
export * from "./style.ts";
export * from "./table.ts";
export * from "./units.ts";
export * from "./writer.ts";
