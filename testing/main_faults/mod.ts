/** Main streams with one fault each, and what is to be found in them. @module */

import { CONFIGURATION } from "./configuration.ts";
import { SECTIONS } from "./sections.ts";
import { COMMANDS } from "./commands.ts";
import { ENDS } from "./ends.ts";
import { RAM } from "./ram.ts";
import { MAPPED_RAM } from "./mapped_ram.ts";
import { OTHER_SECTIONS } from "./other_sections.ts";
import type { Fault } from "./fault.ts";

export { type Fault, faultyBytes } from "./fault.ts";

/** Streams with one fault each. */
export const FAULTS: readonly Fault[] = [
  ...CONFIGURATION,
  ...SECTIONS,
  ...COMMANDS,
  ...ENDS,
  ...RAM,
  ...MAPPED_RAM,
  ...OTHER_SECTIONS,
];
