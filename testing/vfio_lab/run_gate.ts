import { parseArgs } from "@std/cli/parse-args";
import { type Case, runCases } from "../real_qemu/case.ts";
import { Lab } from "./lab.ts";

/** Milliseconds for a case; it may be one that is done twice, the second time slowly. */
const CASE_LIMIT = 180_000;

/** Boots the lab as the command line says, runs the cases in it, and ends this process with what came of them. */
export async function runLabGate(casesOf: (lab: Lab) => readonly Case[]): Promise<never> {
  const { lab: directory, qemu, slots = "3", only } = parseArgs(Deno.args, {
    string: ["lab", "qemu", "slots", "only"],
  });
  const booting = performance.now();
  const lab = await Lab.boot({
    directory: directory ?? Deno.env.get("MIGWIRE_LAB") ?? `${Deno.env.get("TMPDIR") ?? "/tmp"}/migwire-vfio-lab`,
    slots: Number(slots),
    ...(qemu !== undefined && { qemu }),
  });
  try {
    const seconds = ((performance.now() - booting) / 1000).toFixed(1);
    console.log(`booted in ${seconds} s, with QEMU ${lab.versions.join(" and ")}`);
    const cases = casesOf(lab).filter(({ name }) =>
      only === undefined || only.split(",").some((words) => name.includes(words))
    );
    const { passed, failed } = await runCases(cases, { folder: "", workers: Number(slots), limit: CASE_LIMIT });
    console.log(`${passed} passed, ${failed} failed`);
    Deno.exitCode = failed === 0 && passed > 0 ? 0 : 1;
  } finally {
    await lab.close();
  }
  Deno.exit();
}
