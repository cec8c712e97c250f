/**
 * Holds `migwire compat` to real QEMUs: what it foresees of a stream, by what a QEMU says of itself, is what becomes of the
 * stream when it is replayed into that QEMU. And what it finds between two dumps is not less than what QEMU's own
 * `vmstate-static-checker.py` finds.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { main } from "../../cli/main.ts";
import { memoryIo } from "../../cli/memory_io.ts";
import checker from "../../testdata/compat/static-checker.json" with { type: "json" };
import { openCapture } from "../../src/capture/mod.ts";
import { askQemu, SpawnError } from "../../src/emit/spawn/mod.ts";
import { replay, type ReplayTarget } from "../../src/replay/mod.ts";
import { compatDumps, type CompatReport } from "../../src/report/compat/mod.ts";
import type { Case } from "./case.ts";
import { withOwnModules } from "./own_modules.ts";
import type { Recorded } from "./recorded.ts";
import { Scene } from "./scene.ts";
import type { Qemu } from "./vm.ts";

/** A stream that a QEMU writes, and another one is to load. */
interface Pair {
  readonly name: string;
  /** Who writes, and who reads. */
  readonly from: string;
  readonly to: string;
  readonly machine: string;
  /** Arguments of both. */
  readonly args?: string;
  /** Arguments of the source alone. */
  readonly sourceOnly?: string;
  /** Commands of the source's human monitor, before it migrates. */
  readonly monitor?: string;
  readonly loads: boolean;
}

const NIC = "-device e1000e,romfile=";
const DISK = "-blockdev null-co,node-name=d0,size=67108864,read-zeroes=on";
const SOUND = "-audiodev none,id=a -device ich9-intel-hda -device hda-duplex,audiodev=a -device AC97,audiodev=a";
const BMC = "-device ipmi-bmc-sim,id=b -device isa-ipmi-kcs,bmc=b";
const MANY = "-device virtio-net-pci,romfile= -device virtio-gpu-pci -device qemu-xhci -device usb-tablet " +
  "-device virtio-rng-pci -device vmgenid";

/** Pairs that differ by more than their machine types. */
const PAIRS: readonly Pair[] = [
  { name: "i440fx", from: "10.0", to: "7.2", machine: "pc-i440fx-7.2", loads: true },
  { name: "q35", from: "10.0", to: "7.2", machine: "pc-q35-7.2", loads: true },
  { name: "many devices", from: "10.0", to: "7.2", machine: "pc-q35-7.2", args: MANY, loads: true },
  { name: "sound", from: "10.0", to: "7.2", machine: "pc-q35-7.2", args: SOUND, loads: true },
  {
    name: "sb16",
    from: "10.0",
    to: "7.2",
    machine: "pc-i440fx-7.2",
    args: "-audiodev none,id=a -device sb16,audiodev=a",
    loads: true,
  },
  {
    name: "sd-card",
    from: "10.0",
    to: "7.2",
    machine: "pc-q35-7.2",
    args: `${DISK} -device sdhci-pci -device sd-card,drive=d0`,
    loads: true,
  },
  { name: "e1000e", from: "10.0", to: "7.2", machine: "pc-q35-7.2", args: NIC, loads: true },
  {
    name: "e1000e with a field more",
    from: "10.0",
    to: "7.2",
    machine: "pc-q35-7.2",
    args: NIC,
    sourceOnly: "-global e1000e.migrate-timadj=on",
    loads: false,
  },
  {
    name: "am53c974, shifted by luck",
    from: "10.0",
    to: "7.2",
    machine: "pc-i440fx-7.2",
    args: "-device am53c974,romfile=",
    loads: true,
  },
  // Level-triggered interrupts: written in ICW1.
  {
    name: "a subsection more",
    from: "10.0",
    to: "7.2",
    machine: "pc-i440fx-7.2",
    monitor: "o /b 0x20 0x19",
    loads: false,
  },
  {
    name: "the same subsection",
    from: "10.0",
    to: "11.1",
    machine: "pc-i440fx-7.2",
    monitor: "o /b 0x20 0x19",
    loads: true,
  },
  {
    name: "SWITCHOVER_START",
    from: "10.0",
    to: "7.2",
    machine: "pc-i440fx-7.2",
    sourceOnly: "-global migration.send-switchover-start=on",
    loads: false,
  },
  {
    name: "a device that is not there",
    from: "10.0",
    to: "7.2",
    machine: "pc-q35-7.2",
    sourceOnly: "-device igb,romfile=",
    loads: false,
  },
  { name: "microvm, without versions", from: "10.0", to: "7.2", machine: "microvm", loads: false },
  { name: "i440fx", from: "7.2", to: "10.0", machine: "pc-i440fx-7.2", loads: true },
  { name: "e1000e", from: "7.2", to: "10.0", machine: "pc-q35-7.2", args: NIC, loads: true },
  {
    name: "am53c974 with a field less",
    from: "7.2",
    to: "10.0",
    machine: "pc-i440fx-7.2",
    args: "-device am53c974,romfile=",
    loads: false,
  },
  { name: "i440fx", from: "10.0", to: "11.1", machine: "pc-i440fx-10.0", loads: true },
  { name: "ipmi", from: "10.0", to: "11.1", machine: "pc-i440fx-10.0", args: BMC, loads: true },
  {
    name: "isa-vga under its old name",
    from: "10.0",
    to: "11.1",
    machine: "pc-i440fx-10.0",
    args: "-device isa-vga",
    loads: false,
  },
  { name: "q35", from: "11.1", to: "10.0", machine: "pc-q35-10.0", loads: true },
  { name: "pvscsi", from: "11.1", to: "10.0", machine: "pc-i440fx-10.0", args: "-device pvscsi", loads: true },
  {
    name: "isa-vga under its new name",
    from: "11.1",
    to: "10.0",
    machine: "pc-i440fx-10.0",
    args: "-device isa-vga",
    loads: false,
  },
  {
    name: "am53c974 with a field more",
    from: "11.1",
    to: "10.0",
    machine: "pc-i440fx-10.0",
    args: "-device am53c974,romfile=",
    loads: false,
  },
  {
    name: "nvme, which cannot be migrated",
    from: "11.1",
    to: "10.0",
    machine: "pc-q35-10.0",
    args: `${DISK} -device nvme,drive=d0,serial=x`,
    loads: false,
  },
  { name: "ipmi of a later version", from: "11.1", to: "10.0", machine: "pc-i440fx-10.0", args: BMC, loads: false },
];

/** Captures that go into another QEMU than the one that they were recorded with, or the same. */
const CAPTURES: readonly { readonly capture: string; readonly to: string; readonly loads: boolean }[] = [
  { capture: "plain-10.0-to-7.2", to: "7.2", loads: true },
  { capture: "plain-10.0-to-7.2", to: "10.0", loads: true },
  { capture: "plain-10.0-to-7.2", to: "11.1", loads: true },
  { capture: "plain-precopy", to: "10.0", loads: true },
  { capture: "plain-precopy", to: "7.2", loads: false },
  { capture: "plain-precopy", to: "11.1", loads: true },
  { capture: "plain-many-devices", to: "10.0", loads: true },
  { capture: "plain-many-devices", to: "7.2", loads: false },
  { capture: "plain-many-devices", to: "11.1", loads: true },
  { capture: "plain-multifd-2", to: "10.0", loads: true },
  { capture: "plain-multifd-2", to: "7.2", loads: false },
  { capture: "plain-multifd-zstd", to: "11.1", loads: true },
  { capture: "plain-dirty-bitmaps", to: "7.2", loads: false },
  { capture: "plain-multifd-7.2", to: "10.0", loads: true },
  { capture: "plain-11.1", to: "10.0", loads: false },
];

/** What of a QEMU's words must be heard; the rest is known only when it happens. */
const CERTAIN = /^.*?(?=, or whatever|; load of migration|$)/;

const LIMITS = { stallMs: 20_000, verdictMs: 20_000 } as const;

/** The cases; captures that are not among `recorded` are left out, and told. */
export function compatCases(recorded: readonly Recorded[], qemus: readonly Qemu[]): Case[] {
  const qemuOf = (version: string): Qemu => {
    const qemu = qemus.find((one) => one.version === version);
    if (qemu === undefined) throw new Error(`compat wants a QEMU ${version}`);
    return qemu;
  };
  return [
    ...PAIRS.map((pair): Case => ({
      name: `compat ${pair.from} to ${pair.to}: ${pair.name}`,
      run: (folder) => inScene(folder, (scene) => fresh(pair, qemuOf(pair.from), qemuOf(pair.to), scene)),
    })),
    ...CAPTURES.map(({ capture: name, to, loads }): Case => {
      const capture = recorded.find((one) => one.name === name);
      if (capture === undefined) throw new Error(`compat wants the capture ${name}`);
      return {
        name: `compat ${name} to ${to}`,
        run: (folder) => inScene(folder, (scene) => ofCapture(capture, qemuOf(to), loads, scene)),
      };
    }),
    ...["7.2", "10.0", "11.1"].flatMap((from) =>
      ["7.2", "10.0", "11.1"].filter((to) => to !== from).map((to): Case => ({
        name: `compat dumps of ${from} and ${to}`,
        run: (folder) => inScene(folder, (scene) => ofDumps(qemuOf(from), qemuOf(to), scene)),
      }))
    ),
  ];
}

async function inScene(folder: string, use: (scene: Scene) => Promise<string>): Promise<string> {
  const scene = await Scene.open(folder);
  try {
    return await use(scene);
  } finally {
    await scene.close();
  }
}

/** Writes a stream with one QEMU, asks about the other, and replays it there. */
async function fresh(pair: Pair, source: Qemu, target: Qemu, scene: Scene): Promise<string> {
  const { machine, args = "", sourceOnly = "", monitor, loads } = pair;
  const words = (more: string): string[] => more.split(" ").filter((word) => word !== "");
  const common = [
    ...["-M", machine, "-accel", "tcg", "-cpu", "qemu64", "-m", "8", "-bios", `${scene.folder}/guest.bin`, "-S"],
    ...["-nodefaults", "-no-user-config", "-vga", "none", "-display", "none", ...words(args)],
  ];
  const vm = await scene.vm("source", source, [...common, ...words(sourceOnly)]);
  if (monitor !== undefined) await vm.call("human-monitor-command", { "command-line": monitor });
  const path = `${scene.folder}/stream.bin`;
  await vm.call("migrate", { uri: `exec:cat >${path}` });
  assertEquals(await vm.end(), "completed");
  await vm.stop();
  const foreseen = await foresee(path, target, scene);
  const spawn = { kind: "spawn", argv: [target.path, ...common], recorded: false } as const;
  return await compare(path, foreseen, loads, spawn);
}

/** Asks about a capture, and replays it by the command of its recorded destination. */
async function ofCapture({ path }: Recorded, target: Qemu, loads: boolean, scene: Scene): Promise<string> {
  const capture = openCapture(path);
  const argv = capture.manifest?.destination?.command ?? [];
  capture.close();
  const foreseen = await foresee(path, target, scene);
  return await compare(path, foreseen, loads, { kind: "spawn", argv, recorded: true, binary: target.path });
}

/** What `migwire compat` says. */
async function foresee(path: string, target: Qemu, scene: Scene): Promise<CompatReport> {
  const { path: binary } = await withOwnModules(target, scene.folder);
  const io = memoryIo();
  const code = await main(["compat", path, "--qemu", binary, "--json"], io);
  assert(io.out() !== "", io.err());
  const report: CompatReport = JSON.parse(io.out());
  assertEquals(code, report.ok ? 0 : 1);
  assertStringIncludes(report.target.version ?? "", target.version);
  return report;
}

async function compare(
  path: string,
  { ok, problems }: CompatReport,
  loads: boolean,
  target: ReplayTarget,
): Promise<string> {
  const { kind, reason } = await become(path, target);
  assertEquals(kind === "completed", loads, `it is ${kind}: ${reason}`);
  const errors = problems.filter(({ severity }) => severity === "error");
  assertEquals(ok, loads, `foreseen: ${JSON.stringify(errors)}; it is ${kind}: ${reason}`);
  if (loads) return "loads, as foreseen";
  const [certain = ""] = CERTAIN.exec(errors[0]?.qemu ?? "") ?? [];
  assert(certain !== "", JSON.stringify(errors[0]));
  assertStringIncludes(reason, certain);
  return `fails, as foreseen: ${errors[0]?.code}: ${certain}`;
}

/** What becomes of it. A QEMU that does not start loads nothing. */
async function become(path: string, target: ReplayTarget): Promise<{ readonly kind: string; readonly reason: string }> {
  const capture = openCapture(path);
  try {
    return (await replay(capture, { target, limits: LIMITS })).verdict;
  } catch (error) {
    if (!(error instanceof SpawnError)) throw error;
    return { kind: "not-started", reason: error.message };
  } finally {
    capture.close();
  }
}

/** Whole dumps, held to what was recorded of QEMU's own checker. Types whose modules are not there do not count. */
async function ofDumps(source: Qemu, target: Qemu, scene: Scene): Promise<string> {
  const { signal } = new AbortController();
  const ask = async (qemu: Qemu) => {
    const { path: binary } = await withOwnModules(qemu, scene.folder);
    return (await askQemu({ binary, machine: "pc", signal })).dump;
  };
  const [ours, theirs] = [await ask(source), await ask(target)];
  const { problems } = compatDumps(ours, theirs);
  const found = new Set(
    problems.map(({ code, type, vmsd = null, field = null }) => JSON.stringify([code, type, vmsd, field])),
  );
  const name = `whole ${source.version} ${target.version}` as keyof typeof checker;
  const wanted = checker[name].filter(([, type]) => type !== null && type !== undefined && ours.types.has(type));
  assert(wanted.length > 10, `${wanted.length} of ${checker[name].length}`);
  assertEquals(wanted.map((line) => JSON.stringify(line)).filter((line) => !found.has(line)), []);
  return `${problems.length} problems, with all ${wanted.length} of vmstate-static-checker.py`;
}
