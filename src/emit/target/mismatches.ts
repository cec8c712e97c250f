/**
 * What cannot be matched: what a target will not load, as far as that is known before anything is sent.
 *
 * @module
 */

import type { StreamNeeds } from "../needs.ts";
import type { TargetFacts } from "./facts.ts";
import { deviceMismatches } from "./device_mismatches.ts";
import { machineMismatches } from "./machine_mismatches.ts";
import type { Mismatch } from "./mismatch.ts";
import { settingMismatches } from "./setting_mismatches.ts";
import type { TargetSettings } from "./settings.ts";

/**
 * What of a stream does not fit a target that is set so. Errors make the migration fail, or hang; after a warning it may
 * complete.
 *
 * @example
 * ```ts ignore
 * for (const { severity, message, hint } of mismatchesOf(needs, facts, settings)) console.log(severity, message, hint);
 * ```
 */
export function mismatchesOf(needs: StreamNeeds, facts: TargetFacts, settings: TargetSettings): Mismatch[] {
  return [
    ...machineMismatches(needs, facts, settings),
    ...settingMismatches(needs, facts, settings),
    ...deviceMismatches(needs, facts, settings),
  ];
}
