/** Captures that are made from short descriptions, and descriptions of the situations of a destination. @module */
export {
  forge,
  FORGE_LIMIT,
  FORGE_ROWS,
  type ForgeBarriers,
  type ForgedCapture,
  type ForgeDescription,
  forgeDescription,
  type ForgeDestination,
  ForgeError,
  type ForgeRow,
  forgeRow,
  type ForgeStep,
  parseForgeDescription,
  type RamBlocks,
} from "../forge/mod.ts";
