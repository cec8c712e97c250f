import { parseArgs } from "@std/cli/parse-args";
import { type Case, runCases } from "./case.ts";
import { closeAll } from "./scene.ts";
import type { Qemu } from "./vm.ts";

/**
 * Runs the cases of one file by themselves, and ends this process with what came of them: the command line is
 * `FOLDER VERSION=PROGRAM... [--only WORDS]`, as of `gate.ts`.
 */
export async function runAlone(casesOf: (qemu: Qemu) => readonly Case[], workers: number): Promise<never> {
  const { _: [folder = "", ...programs], only } = parseArgs(Deno.args, { string: ["_", "only"] });
  const cases = programs.flatMap((word) => {
    const [version = "", path = ""] = String(word).split("=");
    return casesOf({ version, path });
  }).filter(({ name }) => only === undefined || name.includes(only));
  try {
    const { passed, failed } = await runCases(cases, { folder: String(folder), workers });
    console.log(`${passed} passed, ${failed} failed`);
    Deno.exitCode = failed === 0 && passed > 0 ? 0 : 1;
  } finally {
    await closeAll();
  }
  Deno.exit();
}
