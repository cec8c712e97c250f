/**
 * Holds what migwire does with a target, by its monitor, to real QEMUs: it sees what they are, sets them, says before what they
 * will say, and sees how they end. Started as `gate.ts` is:
 *
 *     target_gate.ts FOLDER VERSION=PROGRAM... [--only WORDS]
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { isAtLeast, parseQemuVersion } from "../../mod.ts";
import {
  examineTarget,
  type FollowOptions,
  followTarget,
  type MismatchCode,
  mismatchesOf,
  prepareTarget,
  type TargetFacts,
  targetSettings,
} from "../../src/emit/target/mod.ts";
import { pciPath } from "../../src/emit/target/pci_path.ts";
import type { StreamNeeds } from "../../src/emit/needs.ts";
import { closeQuietly } from "../../src/net/mod.ts";
import { QmpClient, QmpError } from "../../src/qmp/mod.ts";
import type { Case } from "./case.ts";
import { until, within } from "./deadline.ts";
import { FILL, MACHINE, RAM_BYTES } from "./machine.ts";
import { beginPostcopy } from "./migrate.ts";
import { runAlone } from "./run_alone.ts";
import { type Guest, Scene } from "./scene.ts";
import type { Qemu, Settings, Vm } from "./vm.ts";

const SOCKET = { monitor: "monitor.sock", incoming: "incoming.sock" } as const;
const UUID = "11111111-2222-3333-4444-555555555555";
const BUSY: Guest = { pages: 64, delay: 0x1000 };

const NO_NEEDS: StreamNeeds = {
  blocks: [],
  multifdChannels: 0,
  compression: "none",
  capabilities: [],
  returnPath: false,
  switchoverStart: false,
  devices: [],
  whole: true,
};

/** A target, and the monitor that migwire has. */
interface Target {
  readonly vm: Vm;
  readonly qmp: QmpClient;
}

/** Runs `use` in a scene of its own. */
async function inScene(folder: string, use: (scene: Scene) => Promise<string>): Promise<string> {
  const scene = await Scene.open(folder, BUSY);
  try {
    return await use(scene);
  } finally {
    await scene.close();
  }
}

async function startTarget(
  scene: Scene,
  qemu: Qemu,
  { machine = MACHINE, args = ["-incoming", "defer"] }: { machine?: readonly string[]; args?: readonly string[] } = {},
): Promise<Target> {
  const monitor = ["-qmp", `unix:${SOCKET.monitor},server=on,wait=off`];
  const vm = await scene.vm("target", qemu, [...machine, "-S", ...args, ...monitor]);
  return { vm, qmp: await QmpClient.connect({ kind: "unix", path: `${scene.folder}/${SOCKET.monitor}` }) };
}

/** Sets a target as `needs` ask, lets it listen, and gives what does not fit. */
async function prepare(
  scene: Scene,
  qmp: QmpClient,
  needs: Partial<StreamNeeds>,
): Promise<{ facts: TargetFacts; exitsOnError: boolean; mismatches: ReturnType<typeof mismatchesOf> }> {
  const facts = await examineTarget(qmp);
  const all = { ...NO_NEEDS, ...needs };
  const settings = targetSettings({ needs: all, facts });
  const mismatches = mismatchesOf(all, facts, settings);
  const listen = { kind: "unix", path: `${scene.folder}/${SOCKET.incoming}` } as const;
  const { exitsOnError } = await prepareTarget(qmp, facts, settings, { listen });
  return { facts, exitsOnError, mismatches };
}

async function startSource(scene: Scene, qemu: Qemu, settings: Settings, more: readonly string[] = []): Promise<Vm> {
  const source = await scene.vm("source", qemu, [...MACHINE, ...FILL, ...more]);
  await source.set(settings);
  return source;
}

const MACHINES: { readonly [type: string]: string } = { pc: "pc-i440fx-", q35: "pc-q35-", microvm: "microvm" };

/** It sees what a QEMU is. */
function seesFacts(qemu: Qemu, type: string, folder: string): Promise<string> {
  return inScene(folder, async (scene) => {
    const machine = [...MACHINE.map((word) => word === "pc" ? type : word), "-uuid", UUID];
    const { vm, qmp } = await startTarget(scene, qemu, { machine });
    const facts = await examineTarget(qmp);
    assertEquals([facts.qemu, facts.runState, facts.arch, facts.uuid], [vm.version, "inmigrate", "x86_64", UUID]);
    const full = MACHINES[type] ?? "";
    assertEquals(facts.machine, full.endsWith("-") ? full + vm.version.replace(/\.\d+$/, "") : full);
    assertEquals([facts.hasBegun, facts.listening, facts.devices], [false, [], []]);
    const ram = facts.blocks?.find(({ name }) => /^(pc|microvm)\.ram$/.test(name));
    assertEquals([ram?.usedLength, ram?.maxLength], [RAM_BYTES, RAM_BYTES]);
    const tables = facts.blocks?.find(({ name }) => name === "/rom@etc/acpi/tables");
    assertEquals(tables?.maxLength, 0x200000);
    assertEquals([facts.capabilities["multifd"], facts.parameters["multifd-channels"]], [false, 2]);
    qmp.close();
    return `${facts.machine}, ${facts.blocks?.length} blocks, ${Object.keys(facts.capabilities).length} capabilities`;
  });
}

/** It makes the same path of a PCI device as QEMU, which names the device's memory by it. */
function seesPaths(qemu: Qemu, folder: string): Promise<string> {
  return inScene(folder, async (scene) => {
    const devices = [
      "pcie-root-port,id=rp,port=1,chassis=2,addr=3",
      "pcie-pci-bridge,bus=rp,id=pb",
      "bochs-display,bus=pb,addr=0x7,id=a",
      "bochs-display,addr=0x9.1,multifunction=on,id=b",
      "pxb-pcie,id=px,bus_nr=20,addr=0x8",
      "pcie-root-port,id=rp2,bus=px,chassis=4",
      "bochs-display,bus=rp2,id=c",
    ];
    const machine = [...MACHINE.map((word) => word === "pc" ? "q35" : word)];
    const args = ["-incoming", "defer", ...devices.flatMap((device) => ["-device", device])];
    const { qmp } = await startTarget(scene, qemu, { machine, args });
    const { blocks = [] } = await examineTarget(qmp);
    const said = blocks.flatMap(({ name }) => /^(.+)\/bochs-display-vram$/.exec(name)?.[1] ?? []);
    const found = await Promise.all(["a", "b", "c"].map((id) => pciPath(qmp, `/machine/peripheral/${id}`)));
    assertEquals(said.length, 3);
    assertEquals(found.toSorted(), said.toSorted());
    qmp.close();
    return found.join(" ");
  });
}

/** It sees that a QEMU listens already, and knows what can still be set. */
function seesListening(qemu: Qemu, folder: string): Promise<string> {
  return inScene(folder, async (scene) => {
    const { qmp } = await startTarget(scene, qemu, { args: ["-incoming", `unix:${SOCKET.incoming}`] });
    const facts = await examineTarget(qmp);
    assertEquals([facts.hasBegun, facts.listening], [true, [`unix:${SOCKET.incoming}`]]);
    const listen = { kind: "unix", path: SOCKET.incoming } as const;
    const set = async (needs: Partial<StreamNeeds>): Promise<string | undefined> => {
      const now = await examineTarget(qmp);
      const all = { ...NO_NEEDS, ...needs };
      const settings = targetSettings({ needs: all, facts: now });
      const [mismatch] = mismatchesOf(all, now, settings);
      const prepared = prepareTarget(qmp, now, settings, { listen });
      if (mismatch === undefined) assertEquals(await prepared, { hasStarted: false, exitsOnError: true });
      else assertEquals((await assertRejects(() => prepared, QmpError)).qemu, mismatch.qemu);
      return mismatch?.code;
    };
    const can: (string | undefined)[] = [
      await set({ returnPath: true }),
      await set({ capabilities: ["dirty-bitmaps"] }),
      await set({ multifdChannels: 4, capabilities: ["multifd"] }),
    ];
    const isOld = !isAtLeast(facts.version, 8, 0);
    assertEquals(can, [undefined, undefined, isOld ? undefined : "listening"]);
    qmp.close();
    return isOld ? "all can be set" : "multifd cannot be set, and it says so as QEMU does";
  });
}

/** It sets whatever a stream may need, as far as QEMU knows it. */
function setsAll(qemu: Qemu, folder: string): Promise<string> {
  return inScene(folder, async (scene) => {
    const { qmp } = await startTarget(scene, qemu);
    const before = await examineTarget(qmp);
    const wanted = ["switchover-ack", "dirty-bitmaps", "x-ignore-shared", "validate-uuid", "multifd"];
    const known = wanted.filter((name) => Object.hasOwn(before.capabilities, name));
    const { mismatches } = await prepare(scene, qmp, {
      multifdChannels: 5,
      compression: "zlib",
      capabilities: wanted,
      returnPath: true,
    });
    assertEquals(mismatches.map(({ code }) => code), wanted.length > known.length ? ["capability"] : []);
    const { capabilities, parameters, migration } = await examineTarget(qmp);
    const on = Object.keys(capabilities).filter((name) => capabilities[name]).toSorted();
    assertEquals(on, [...known, "events", "return-path"].toSorted());
    assertEquals([parameters["multifd-channels"], parameters["multifd-compression"]], [5, "zlib"]);
    qmp.close();
    return `${on.length} capabilities on, ${migration ?? "listens"}`;
  });
}

/** A kind of migration into a target that migwire has set. */
interface Kind {
  readonly name: string;
  readonly needs: Partial<StreamNeeds>;
  readonly source: Settings;
  readonly during?: (source: Vm) => Promise<void>;
}

const SLOW = { "max-bandwidth": 400_000, "downtime-limit": 1 };

const KINDS: readonly Kind[] = [
  { name: "plain", needs: {}, source: {} },
  {
    name: "multifd 4 zstd",
    needs: { multifdChannels: 4, compression: "zstd", capabilities: ["multifd"], returnPath: true },
    source: {
      capabilities: ["multifd", "return-path"],
      parameters: { "multifd-channels": 4, "multifd-compression": "zstd" },
    },
  },
  {
    name: "postcopy preempt",
    needs: { capabilities: ["postcopy-preempt"], returnPath: true },
    source: { capabilities: ["postcopy-ram", "postcopy-preempt"], parameters: SLOW },
    during: beginPostcopy,
  },
];

/** A target that it has set takes a migration, and it follows it to its end. */
function follows({ needs, source: settings, during }: Kind, qemu: Qemu, folder: string): Promise<string> {
  return inScene(folder, async (scene) => {
    const [source, { qmp }] = await Promise.all([startSource(scene, qemu, settings), startTarget(scene, qemu)]);
    const { mismatches, exitsOnError } = await prepare(scene, qmp, needs);
    assertEquals(mismatches, []);
    const statuses: string[] = [];
    const follower = followTarget(qmp, { exitsOnError, onStatus: (status) => statuses.push(status) });
    await source.call("migrate", { uri: `unix:${SOCKET.incoming}` });
    await during?.(source);
    const { status, error } = await within(30_000, "the target to end", follower.finished);
    assertEquals([status, error], ["completed", undefined]);
    assertEquals(await source.end(), "completed");
    assertEquals((await examineTarget(qmp)).runState, "paused");
    qmp.close();
    return statuses.join(", ");
  });
}

/** Postcopy breaks off, and goes on by its `recover`. */
function recovers(qemu: Qemu, folder: string): Promise<string> {
  return inScene(folder, async (scene) => {
    const settings = { capabilities: ["postcopy-ram"], parameters: { ...SLOW, "max-postcopy-bandwidth": 100_000 } };
    const [source, { qmp }] = await Promise.all([startSource(scene, qemu, settings), startTarget(scene, qemu)]);
    await prepare(scene, qmp, { capabilities: ["postcopy-ram"], returnPath: true });
    const statuses: string[] = [];
    const follower = followTarget(qmp, { recovers: true, onStatus: (status) => statuses.push(status) });
    await source.call("migrate", { uri: `unix:${SOCKET.incoming}` });
    await beginPostcopy(source);
    await follower.reached("postcopy-active");
    const pausing = (): Promise<true | undefined> =>
      source.migration().then(({ status }) => status === "postcopy-active" ? true : undefined);
    await until(10_000, "the source to be in postcopy", pausing);
    await source.call("migrate-pause");
    await within(
      20_000,
      "the recovery",
      follower.recover({ kind: "unix", path: `${scene.folder}/${SOCKET.incoming}` }),
    );
    await until(10_000, "the source to pause", async () => {
      const { status } = await source.migration();
      return status === "postcopy-paused" ? true : undefined;
    });
    await source.call("migrate-set-parameters", { "max-postcopy-bandwidth": 0 });
    await source.call("migrate", { uri: `unix:${SOCKET.incoming}`, resume: true });
    assertEquals((await within(30_000, "the target to end", follower.finished)).status, "completed");
    qmp.close();
    return statuses.join(", ");
  });
}

/** Something that does not fit. */
interface Misfit {
  readonly code: MismatchCode;
  /** What the target has besides, or in another way. */
  readonly machine: readonly string[];
  readonly needs: (version: string) => Partial<StreamNeeds>;
  readonly source?: Settings;
  readonly sourceArgs?: readonly string[];
}

const OTHER_SIZE = MACHINE.map((word, i) => MACHINE[i - 1] === "-m" ? "16" : word);

const MISFITS: readonly Misfit[] = [
  {
    code: "machine",
    machine: MACHINE.map((word) => word === "pc" ? "q35" : word),
    needs: (version) => ({ machine: `pc-i440fx-${version}` }),
  },
  { code: "block-size", machine: OTHER_SIZE, needs: () => ({ blocks: [{ name: "pc.ram", usedLength: RAM_BYTES }] }) },
  {
    code: "block-missing",
    machine: MACHINE,
    needs: () => ({ blocks: [{ name: "0000:00:07.0/bochs-display-vram", usedLength: 0x1000000 }] }),
    sourceArgs: ["-device", "bochs-display,addr=7"],
  },
  {
    code: "uuid",
    machine: [...MACHINE, "-uuid", UUID],
    needs: () => ({ multifdChannels: 2, capabilities: ["multifd"] }),
    source: { capabilities: ["multifd"] },
  },
];

/** It says what QEMU will say, and sees that the migration fails. */
function foresees(
  { code, machine, needs, source: settings = {}, sourceArgs }: Misfit,
  qemu: Qemu,
  folder: string,
): Promise<string> {
  return inScene(folder, async (scene) => {
    const [source, { vm, qmp }] = await Promise.all([
      startSource(scene, qemu, settings, sourceArgs),
      startTarget(scene, qemu, { machine }),
    ]);
    const { mismatches, exitsOnError } = await prepare(scene, qmp, needs(vm.version.replace(/\.\d+$/, "")));
    const [found] = mismatches.filter(({ severity }) => severity === "error");
    assertEquals(found?.code, code);
    // QEMU 7.2 refuses the channels of another UUID, and waits on.
    const waits = code === "uuid" && exitsOnError;
    const follower = followTarget(qmp, { exitsOnError, ...(waits ? { silentMs: 1500, activity: () => 0 } : {}) });
    await source.call("migrate", { uri: `unix:${SOCKET.incoming}` });
    const { status, error = "" } = await within(30_000, "the target to end", follower.finished);
    assertEquals(status, waits ? "stuck" : exitsOnError ? "exited" : "failed");
    const text = found?.qemu ?? "";
    const said = error.includes(text) ? error : await vm.heard([text]);
    assert(text !== "" && said.includes(text), `QEMU does not say "${text}" but\n${said}`);
    qmp.close();
    return `${status}: ${text}`;
  });
}

/** It sees a target that stands still, or has gone, for what it is. */
function seesEnd(name: "silent" | "stuck" | "exited" | "stopped", qemu: Qemu, folder: string): Promise<string> {
  return inScene(folder, async (scene) => {
    const { vm, qmp } = await startTarget(scene, qemu);
    await prepare(scene, qmp, { multifdChannels: 2, capabilities: ["multifd"] });
    const options: FollowOptions = { silentMs: 1500, ...(name === "stuck" ? { activity: () => 0 } : {}) };
    const follower = followTarget(qmp, options);
    const path = `${scene.folder}/${SOCKET.incoming}`;
    const open: Deno.UnixConn[] = [];
    if (name === "silent") {
      // The second connection says nothing, and QEMU waits for what it would say.
      for (let i = 0; i < 2; i++) open.push(await Deno.connect({ transport: "unix", path }));
      await open[0]?.write(Uint8Array.of(0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 3));
    }
    if (name === "exited") await vm.stop();
    if (name === "stopped") follower.stop();
    const { status, last } = await within(20_000, "the target to end", follower.finished);
    open.forEach(closeQuietly);
    assertEquals(status, name);
    qmp.close();
    return `last ${last}`;
  });
}

/** The cases for one QEMU. */
export function targetCases(qemu: Qemu): Case[] {
  const of = (name: string, run: Case["run"]): Case => ({ name: `${qemu.version} target ${name}`, run });
  const version = parseQemuVersion(qemu.version) ?? { major: 0, minor: 0 };
  return [
    ...Object.keys(MACHINES).map((type) => of(`facts ${type}`, (folder) => seesFacts(qemu, type, folder))),
    of("PCI paths", (folder) => seesPaths(qemu, folder)),
    of("listening", (folder) => seesListening(qemu, folder)),
    of("all settings", (folder) => setsAll(qemu, folder)),
    ...KINDS.map((kind) => of(kind.name, (folder) => follows(kind, qemu, folder))),
    ...(isAtLeast(version, 7, 2) ? [of("postcopy recovery", (folder) => recovers(qemu, folder))] : []),
    ...MISFITS.map((misfit) => of(`other ${misfit.code}`, (folder) => foresees(misfit, qemu, folder))),
    ...(["silent", "stuck", "exited", "stopped"] as const)
      .map((name) => of(name, (folder) => seesEnd(name, qemu, folder))),
  ];
}

if (import.meta.main) await runAlone(targetCases, 3);
