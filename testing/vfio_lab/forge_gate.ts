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

import { parseArgs } from "@std/cli/parse-args";
import { runCases } from "../real_qemu/case.ts";
import { Lab } from "./lab.ts";
import { forgeCases } from "./forge_cases.ts";

const { lab: directory, qemu, slots = "3", only } = parseArgs(Deno.args, { string: ["lab", "qemu", "slots", "only"] });

const booting = performance.now();
const lab = await Lab.boot({
  directory: directory ?? Deno.env.get("MIGWIRE_LAB") ?? `${Deno.env.get("TMPDIR") ?? "/tmp"}/migwire-vfio-lab`,
  slots: Number(slots),
  ...(qemu !== undefined && { qemu }),
});
try {
  console.log(
    `booted in ${((performance.now() - booting) / 1000).toFixed(1)} s, with QEMU ${lab.versions.join(" and ")}`,
  );
  const cases = forgeCases(lab).filter(({ name }) => only === undefined || name.includes(only));
  const { passed, failed } = await runCases(cases, { folder: "", workers: Number(slots) });
  console.log(`${passed} passed, ${failed} failed`);
  Deno.exitCode = failed === 0 && passed > 0 ? 0 : 1;
} finally {
  await lab.close();
}
Deno.exit();
