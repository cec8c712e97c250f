import { assert, assertEquals } from "@std/assert";
import { main } from "../../cli/main.ts";
import { memoryIo } from "../../cli/memory_io.ts";
import {
  forge,
  type ForgedCapture,
  forgeDescription,
  forgeRow,
  type LoadReport,
  loadReport,
  parseForgeDescription,
  type ReplayReport,
  type Verdict,
  writeDirectory,
} from "../../mod.ts";
import type { Case } from "../real_qemu/case.ts";
import { withFolder } from "../temporary.ts";
import type { Lab } from "./lab.ts";

/** What a QEMU does, by what the engine says that it does. */
const SEEN: { readonly [kind in Verdict["kind"]]: readonly string[] } = {
  "ok": ["completed"],
  "lost-state": ["completed"],
  "error": ["failed"],
  "would-hang": ["hangs"],
  "would-abort": ["failed"],
};

/** A row, and steps that stand for it where the driver would look at its state: buffers without data it never sees. */
interface Situation {
  readonly row: number;
  readonly steps?: readonly unknown[];
}

/** Rows that end before the driver looks at what it was given, so that any state does. */
const SITUATIONS: readonly Situation[] = [
  ...[6, 8, 10, 15, 17, 18, 24, 33, 34, 37, 41, 49, 51, 53, 55, 56, 58, 83].map((row) => ({ row })),
  { row: 4, steps: ["setup", "switchover", { data: { idx: 0, size: 0 } }, { config: 2 }, "finish"] },
  { row: 5, steps: ["setup", "switchover", { data: { idx: 0, size: 0 } }, "finish"] },
  { row: 30, steps: ["setup", "switchover", { config: 0 }, "finish"] },
  ...[7, 36, 39, 50, 52, 54, 59, 86].map((row) => ({ row })),
];

/** The lab's QEMU that has the gate and the limit. */
const VERSION = "11.1";
const PROGRAM = "11.1.3";
/** What the engine calls the device. */
const NAME = "0000:00:05.0";
const RAM_MIB = 16;
const LATE_THREAD = "vfio_load_bufs_thread: Assertion `multifd' failed";
const CANCELLED = "operation cancelled";
/** Errors of the main channel. */
const MAIN_CODES: readonly string[] = ["config", "ready-disabled", "ready-main-mode"];
const MAIN_FAILED = "load of migration failed: Invalid argument";

/** Forged situations shown to a real QEMU with a real device: it does what the engine says, but for races that the matrix knows. */
export function forgeCases(lab: Lab): Case[] {
  return SITUATIONS.map(({ row, steps }) => ({
    name: `forged row-${row}`,
    run: async (): Promise<string> => {
      const capture = await forged(row, steps);
      const report = await loadReport(capture);
      const seen = await shown(lab, capture);
      const told = `${report.verdict.kind}(${report.verdict.code})`;
      assert(fits(report, seen), `${told}: ${JSON.stringify(seen)}`);
      return `${told}, ${seen.kind}: ${seen.reason.trim().split("\n").at(-1)}`;
    },
  }));
}

/** Whether a QEMU does what the engine says. */
function fits({ verdict, warnings }: LoadReport, { kind, reason }: ReplayReport["verdict"]): boolean {
  // When a destination fails at once its load threads may begin behind the cleanup, which QEMU 11.1 does not expect.
  if (verdict.kind === "error" && reason.includes(LATE_THREAD)) return true;
  if (kind === "completed" && warnings.some(({ code }) => code === "lost-state-race")) return true;
  // Of a channel whose error comes when the main channel is at its end nobody is told (row 20): which is first is a race.
  if (verdict.kind === "error" && kind === "hangs") return !MAIN_CODES.includes(verdict.code);
  if (!SEEN[verdict.kind].includes(kind)) return false;
  if (verdict.kind !== "error" || verdict.qemu === undefined) return true;
  // The device has a name of its own there; of an error on the main channel QEMU may tell no more than that there is one.
  // A load thread that is cancelled for it can be heard first.
  if (MAIN_CODES.includes(verdict.code) && reason.includes(CANCELLED)) return true;
  return reason.includes(MAIN_FAILED) || reason.includes(verdict.qemu.replace(`${NAME}: `, ""));
}

/** A row for the lab's machine, whose RAM is not written to; without its barriers packets would come too early. */
async function forged(row: number, steps: Situation["steps"]): Promise<ForgedCapture> {
  const text = forgeRow(`row-${row}`)?.text;
  assert(text !== undefined);
  const description = await parseForgeDescription(text);
  const machine = `pc-q35-${VERSION}`;
  const changed = steps === undefined ? {} : { steps: forgeDescription({ title: description.title, steps }).steps };
  const ram = { "pc.ram": RAM_MIB * 1024 * 1024 };
  return forge({
    ...description,
    ...changed,
    machine,
    ram,
    destination: { ...description.destination, qemu: PROGRAM },
  });
}

/** What becomes of it there. */
async function shown(lab: Lab, capture: ForgedCapture): Promise<ReplayReport["verdict"]> {
  let verdict: ReplayReport["verdict"] | undefined;
  await withFolder(async (folder) => {
    for (const _ of writeDirectory(capture, folder));
    const command = commandOf(capture.manifest.destination?.command ?? []);
    await using destination = await lab.destination({ version: VERSION, command });
    const { migration, qmp, incoming } = destination;
    const io = memoryIo();
    const target = ["--to", migration, "--qmp", qmp, "--listen", incoming];
    await main(["replay", folder, ...target, "--json", "--timeout", "15"], io);
    assert(io.out() !== "", io.err());
    const said = (JSON.parse(io.out()) as ReplayReport).verdict;
    // One that ended by itself has said why on its standard error.
    const reason = await destination.alive() ? said.reason : `${said.reason}\n${await destination.stderr()}`;
    verdict = { ...said, reason };
  });
  assert(verdict !== undefined);
  return verdict;
}

/** The forged destination's command line, with a mediated device in the place of one of a machine. */
function commandOf(words: readonly string[]): string[] {
  const device = "sysfsdev=/sys/bus/mdev/devices/20000000-0000-4000-8000-000000000000,enable-migration=on";
  assertEquals(words.filter((word) => word.startsWith("vfio-pci,")).length, 1);
  const [program = "", ...rest] = words.map((word) => word.replace(/host=[^,]*/, `id=vf0,${device}`));
  return [program, "-accel", "tcg", "-m", `${RAM_MIB}`, "-nodefaults", "-display", "none", "-S", ...rest];
}
