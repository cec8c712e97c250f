/**
 * Shows forged situations to real QEMUs with real VFIO devices, by the command `replay`:
 *
 *     deno run --allow-net=127.0.0.1 --allow-run --allow-read --allow-write=/tmp --allow-env testing/vfio_lab/forge_gate.ts
 *       [--lab DIR] [--qemu PROGRAM] [--slots N] [--only WORDS]
 *
 * Each has to do what the engine says that it does.
 *
 * @module
 */

import { forgeCases } from "./forge_cases.ts";
import { NOT_SHOWN } from "./forge_rows.ts";
import { runLabGate } from "./run_gate.ts";

for (const [row, why] of Object.entries(NOT_SHOWN)) console.log(`not shown: row-${row}: ${why}`);
await runLabGate(forgeCases);
