/**
 * Replays the captures of VFIO migrations into real QEMUs with real VFIO devices, by the command `replay`:
 *
 *     deno run --allow-net=127.0.0.1 --allow-run --allow-read --allow-env testing/vfio_lab/replay_gate.ts [--lab DIR]
 *       [--qemu PROGRAM] [--slots N] [--only WORDS]
 *
 * What completed when it was recorded has to complete, and the driver has to have taken the device state that was recorded:
 * as it stands, made again from our records, dealt to other numbers of channels, and in random orders. What failed has to
 * fail, with the target's own reason in the report.
 *
 * @module
 */

import { replayCases } from "./replay_cases.ts";
import { runLabGate } from "./run_gate.ts";

await runLabGate(replayCases);
