/** Forged situations that need no device, shown to real QEMUs by one command line: `migwire forge … | migwire replay - …`. @module */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { forgeRow } from "../../src/forge/mod.ts";
import type { ReplayReport, ReplayVerdictKind } from "../../mod.ts";
import type { Case } from "./case.ts";
import type { Qemu } from "./vm.ts";

/** A row, and what a QEMU does. */
interface Situation {
  readonly row: number;
  readonly version: string;
  readonly kind: ReplayVerdictKind;
  /** A part of what it says. */
  readonly words: string;
  /** The description, if the row's needs a device: what it shows is none of a device's. */
  readonly text?: string;
}

/** Row 29 for QEMU 7.2, which knows as little of SWITCHOVER_START as 9.2 does. */
const BEFORE_10 = `title: SWITCHOVER_START for a QEMU that does not know it
expect: error(unknown-command)
machine: pc-q35-7.2
barriers: section
devices: []
destination: {qemu: "7.2.0"}
steps: [setup, switchover, finish]
`;

const SITUATIONS: readonly Situation[] = [
  { row: 28, version: "11.1", kind: "completed", words: "" },
  { row: 29, version: "7.2", kind: "failed", words: "MIG_CMD 0xb unknown (len 0x0)", text: BEFORE_10 },
  { row: 74, version: "11.1", kind: "completed", words: "" },
  { row: 76, version: "11.1", kind: "failed", words: "multifd: received channel id 2 exceeds channel count 2" },
  { row: 80, version: "11.1", kind: "failed", words: "next_packet_size 1048577 exceeds allocated 1048576" },
];

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

/** The cases. */
export function forgeCases(qemus: readonly Qemu[]): Case[] {
  return SITUATIONS.map((situation): Case => ({
    name: `forge row-${situation.row} | replay - into ${situation.version}`,
    run: async (folder) => {
      const qemu = qemus.find(({ version }) => version === situation.version);
      assert(qemu !== undefined, `there is no QEMU ${situation.version}`);
      return await run(situation, qemu, folder);
    },
  }));
}

async function run({ row, version, kind, words, text }: Situation, qemu: Qemu, folder: string): Promise<string> {
  const description = text ?? forgeRow(`row-${row}`)?.text ?? "";
  const [, machine = "pc-q35-10.2"] = /^machine: (\S+)$/m.exec(description) ?? [];
  const what = `${folder}/row-${row}-${version}.yaml`;
  await Deno.writeTextFile(what, description);
  const target = `${qemu.path} -M ${machine} -m 16 -nodefaults -display none -S`;
  const [, compression] = /multifd-compression: (\w+)/.exec(description) ?? [];
  const migwire = `"${Deno.execPath()}" run --no-prompt --allow-all "${MAIN}"`;
  const option = compression === undefined ? "" : `--multifd-compression ${compression}`;
  const line =
    `${migwire} forge "${what}" | ${migwire} replay - --verbatim --speed 0.01x --json ${option} --spawn "${target}"`;
  const { stdout, stderr } = await new Deno.Command("bash", { args: ["-c", line], stderr: "piped" }).output();
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assert(out !== undefined && out !== "", err);
  const report: ReplayReport = JSON.parse(out);
  assertEquals(report.verdict.kind, kind, report.verdict.reason);
  assertStringIncludes(`${report.verdict.reason}\n${report.stderr ?? ""}`, words);
  return `${kind}: ${report.verdict.reason}`;
}
