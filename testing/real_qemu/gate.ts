/**
 * Holds migwire to real QEMUs. `../real-qemu.sh` gets them and starts this:
 *
 *     gate.ts FOLDER VERSION=PROGRAM... [--only WORDS]
 *
 * FOLDER is for what the cases need while they run. WORDS must be in a case's name. Exit code 1 if a
 * case fails.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { runCases } from "./case.ts";
import { dealCases } from "./deal_gate.ts";
import { failureCases } from "./failures.ts";
import { missingDeviceCases } from "./missing_devices.ts";
import { migrationCases } from "./migrations.ts";
import { recordCases } from "./record_gate.ts";
import { closeAll } from "./scene.ts";
import { spawnCases } from "./spawn_gate.ts";
import { targetCases } from "./target_gate.ts";
import type { Qemu } from "./vm.ts";

/** QEMUs wait for each other more than they compute. */
const WORKERS = 3;

const { _: [folder = "", ...programs], only } = parseArgs(Deno.args, { string: ["_", "only"] });
const qemus = programs.map((word): Qemu => {
  const [version = "", path = ""] = word.split("=");
  return { version, path };
});
const pcs = qemus.filter(({ version }) => !version.includes("-"));
const cases = [
  ...qemus.flatMap(migrationCases),
  ...pcs.flatMap((qemu) => [
    ...failureCases(qemu),
    ...missingDeviceCases(qemu),
    ...recordCases(qemu),
    ...spawnCases(qemu),
    ...dealCases(qemu),
    ...targetCases(qemu),
  ]),
].filter(({ name }) => only === undefined || name.includes(only));

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => void closeAll().finally(() => Deno.exit(3)));
}
try {
  const { passed, failed } = await runCases(cases, { folder: String(folder), workers: WORKERS });
  console.log(`${passed} passed, ${failed} failed`);
  Deno.exitCode = failed === 0 && passed > 0 ? 0 : 1;
} finally {
  await closeAll();
}
Deno.exit();
