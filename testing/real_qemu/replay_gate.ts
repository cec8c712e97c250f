/**
 * Holds `migwire replay`, and what `migwire compat` foresees, to real QEMUs: each capture of a real migration goes into
 * the QEMU that it was recorded with. `../replay-gate.sh` gets them and starts this:
 *
 *     replay_gate.ts FOLDER VERSION=PROGRAM... [--only WORDS]
 *
 * FOLDER is for what the cases need while they run. WORDS must be in a case's name. Exit code 1 if a case fails.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";
import { runCases } from "./case.ts";
import { compatCases } from "./compat_gate.ts";
import { editCases } from "./edit_gate.ts";
import { exampleCases } from "./examples_gate.ts";
import { readmeCases } from "./readme_gate.ts";
import { forgeCases } from "./forge_gate.ts";
import { recordedCaptures } from "./recorded.ts";
import { openSockets, processesIn } from "./replay_command.ts";
import { completeCases, uuidCases } from "./replay_completes.ts";
import { failCases, uncheckedFailures } from "./replay_fails.ts";
import { faultCases } from "./replay_faults.ts";
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
const cases = [
  ...completed.flatMap(completeCases),
  ...uuidCases(completed),
  ...failCases(sent),
  ...faultCases(sent),
  ...compatCases(captures, qemus),
  ...editCases(sent),
  ...readmeCases(qemus),
  ...forgeCases(qemus),
  ...qemus.filter(({ version }) => !version.includes("-")).flatMap(exampleCases),
]
  .filter(({ name }) => only === undefined || name.includes(only));
const parent = String(folder);
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => void endAll().finally(() => Deno.exit(3)));
}
// To hear signals takes two.
const sockets = openSockets();
const all = await runCases(cases, { folder: parent, workers: WORKERS });
const end = await runCases([{ name: "nothing is left of all that", run: nothingLeft }], { folder: parent, workers: 1 });
console.log(`${all.passed + end.passed} passed, ${all.failed + end.failed} failed`);
Deno.exitCode = all.failed + end.failed === 0 && all.passed > 0 ? 0 : 1;

/** No process, no folder of one, and no socket. */
async function nothingLeft(): Promise<string> {
  assertEquals(await processesIn(parent), [], "processes");
  const left = (await Array.fromAsync(Deno.readDir(parent))).filter(({ name }) => name.startsWith("mw-"));
  assertEquals(left, [], "folders");
  assertEquals(openSockets(), sockets, "sockets");
  return "no process, no folder, no socket";
}

/** QEMUs are in groups of their own: whoever ends the gate does not reach them. */
async function endAll(): Promise<void> {
  for (const pid of await processesIn(parent)) Deno.kill(pid, "SIGKILL");
}
