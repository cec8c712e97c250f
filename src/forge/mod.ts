/** Captures that are made from short descriptions, and descriptions of the situations of a destination. @module */
export {
  type ForgeBarriers,
  type ForgeDescription,
  forgeDescription,
  type ForgeDestination,
  type ForgeStep,
} from "./description.ts";
export type { RamBlocks } from "./content.ts";
export { FORGE_LIMIT, ForgeError } from "./fields.ts";
export { forge } from "./forge.ts";
export { FORGE_ROWS, type ForgeRow, forgeRow } from "./rows.ts";
export type { ForgedCapture } from "./stream_builder.ts";
export { parseForgeDescription } from "./yaml.ts";
