/**
 * Holds `migwire replay` to real QEMUs: each capture of a real migration goes into the QEMU that it was recorded with.
 * `../replay-gate.sh` gets them and starts this:
 *
 *     replay_gate.ts FOLDER VERSION=PROGRAM... [--only WORDS]
 *
 * FOLDER is for what the cases need while they run. WORDS must be in a case's name. Exit code 1 if a case fails.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { runCases } from "./case.ts";
import { recordedCaptures } from "./recorded.ts";
import { completeCases } from "./replay_completes.ts";
import { failCases, uncheckedFailures } from "./replay_fails.ts";
import type { Qemu } from "./vm.ts";

/** QEMUs wait for each other more than they compute. */
const WORKERS = 3;

const { _: [folder = "", ...programs], only } = parseArgs(Deno.args, { string: ["_", "only"] });
const qemus = programs.map((word): Qemu => {
  const [version = "", path = ""] = word.split("=");
  return { version, path };
});
const captures = recordedCaptures("plain-", qemus);
for (const { name, unsent } of captures) if (unsent !== undefined) console.log(`left out: ${name}: ${unsent}`);
const sent = captures.filter(({ unsent }) => unsent === undefined);
const completed = sent.filter(({ outcome }) => outcome === "completed");
const unchecked = uncheckedFailures(sent);
if (unchecked.length > 0) throw new Error(`nothing is said of how they fail: ${unchecked.join(", ")}`);
const cases = [...completed.flatMap(completeCases), ...failCases(sent)].filter(({ name }) =>
  only === undefined || name.includes(only)
);
const { passed, failed } = await runCases(cases, { folder: String(folder), workers: WORKERS });
console.log(`${passed} passed, ${failed} failed`);
Deno.exitCode = failed === 0 && passed > 0 ? 0 : 1;
