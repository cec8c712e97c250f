/** Starts real QEMUs by the commands that were recorded with the captures, and by a user's, and stops them. @module */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { SpawnedQemu, SpawnError } from "../../src/emit/spawn/mod.ts";
import { formatSocketAddress } from "../../src/net/mod.ts";
import { QmpClient } from "../../src/qmp/mod.ts";
import type { Case } from "./case.ts";
import { within } from "./deadline.ts";
import type { Qemu } from "./vm.ts";

/** The machine of every capture that has firmware of its own. */
const COMMON = "-cpu qemu64 -m 8 -nodefaults -bios payload.bin";

/** What the recorder gave to all of them. */
const RECORDER =
  "-incoming defer -S -accel tcg -display none -no-user-config -qmp unix:destination.qmp,server=on,wait=off " +
  "-msg timestamp=on -D destination.trace -trace events=events.txt";

function disks(count: number): string {
  return Array.from({ length: count }, (_, i) =>
    `-blockdev null-co,node-name=disk${i},size=67108864,read-zeroes=on ` +
    `-device virtio-blk-pci,drive=disk${i},id=blk${i},share-rw=on`).join(" ");
}

/** Commands of recorded destinations, by the capture's name, as in its `capture.json`: the gate may not read captures. */
const RECORDED: { readonly [capture: string]: string } = {
  "plain-precopy": `-M pc ${COMMON}`,
  "plain-multifd-2": `-M pc ${COMMON}`,
  "plain-microvm": `-M microvm ${COMMON}`,
  "plain-dirty-bitmaps": `-M pc ${COMMON} ${disks(2)}`,
  "plain-ignore-shared": `-M pc,memory-backend=pc.ram ${COMMON} -object memory-backend-file,id=pc.ram,size=8M,` +
    "mem-path=shared.ram,share=on,x-use-canonical-path-for-ramblock-id=off",
  "plain-many-devices": "-M q35,i8042=on -cpu max -smp 2 -m 8 -nodefaults -vga none -blockdev " +
    "null-co,node-name=d0,size=67108864,read-zeroes=on -blockdev " +
    "null-co,node-name=d1,size=67108864,read-zeroes=on -blockdev " +
    "null-co,node-name=d2,size=67108864,read-zeroes=on -netdev hubport,id=n0,hubid=0 -netdev " +
    "hubport,id=n1,hubid=0 -audiodev none,id=a0 -device virtio-blk-pci,drive=d0 -device " +
    "virtio-scsi-pci,id=scsi0 -device scsi-hd,drive=d1,bus=scsi0.0 -device ide-hd,drive=d2,bus=ide.0 " +
    "-device virtio-net-pci,netdev=n0,romfile= -device e1000,netdev=n1,romfile= -device virtio-rng-pci " +
    "-device virtio-serial-pci -device qemu-xhci,id=xhci -device usb-kbd,bus=xhci.0 -device " +
    "usb-tablet,bus=xhci.0 -device usb-ehci,id=ehci -device usb-mouse,bus=ehci.0 -device ich9-intel-hda " +
    "-device hda-duplex,audiodev=a0 -device AC97,audiodev=a0 -device isa-serial,chardev=c0 -chardev " +
    "null,id=c0 -device pcie-root-port,id=rp0,chassis=1 -device i6300esb -device pvpanic -device vmgenid " +
    "-device sdhci-pci -device tpci200",
};

/** The cases for one QEMU. */
export function spawnCases(qemu: Qemu): Case[] {
  const { version, path } = qemu;
  return [
    ...Object.entries(RECORDED).map(([capture, command]) => ({
      name: `${version} spawn ${capture}`,
      run: (folder: string) =>
        spawnRecorded(folder, path, ["qemu-system-x86_64", ...`${command} ${RECORDER}`.split(" ")]),
    })),
    { name: `${version} spawn a user's command`, run: (folder) => spawnOwn(folder, path) },
    { name: `${version} spawn what QEMU refuses`, run: (folder) => spawnRefused(folder, path) },
    { name: `${version} spawn, aborted`, run: (folder) => spawnAborted(folder, path) },
  ];
}

async function spawnRecorded(folder: string, binary: string, argv: readonly string[]): Promise<string> {
  const { signal } = new AbortController();
  const blocks = [{ name: "pc.bios", usedLength: 131072 }];
  return await inFolder(folder, async (parent) => {
    const qemu = await SpawnedQemu.start({ argv, recorded: true, blocks, binary, signal, parent });
    const seen = await using(qemu);
    const { size } = await Deno.stat(`${parentOf(qemu)}/firmware`).catch(() => ({ size: 0 }));
    assertEquals(size, argv.includes("-bios") ? 131072 : 0);
    await stopped(qemu);
    return `${seen}; ${qemu.notes.length} notes`;
  });
}

async function spawnOwn(folder: string, path: string): Promise<string> {
  const { signal } = new AbortController();
  return await inFolder(folder, async (parent) => {
    const own = `${parent}/own.qmp`;
    const command =
      `${path} -M pc -m 8 -nodefaults -display none -accel tcg -daemonize -incoming tcp:127.0.0.1:1 -qmp ` +
      `unix:${own},server=on,wait=off`;
    const qemu = await SpawnedQemu.start({ argv: command.split(" "), recorded: false, signal, parent });
    const seen = await using(qemu);
    // The user's own monitor is there beside ours.
    (await QmpClient.connect({ kind: "unix", path: own })).close();
    assertEquals(qemu.notes.length, 2);
    await stopped(qemu);
    return seen;
  });
}

async function spawnRefused(folder: string, path: string): Promise<string> {
  const { signal } = new AbortController();
  return await inFolder(folder, async (parent) => {
    const argv = [path, "-M", "no-such-machine"];
    const error = await assertRejects(
      () => SpawnedQemu.start({ argv, recorded: false, signal, parent }),
      SpawnError,
      "it ended with exit code 1. It said:",
    );
    assertStringIncludes(error.message, "unsupported machine type");
    return "says so";
  });
}

async function spawnAborted(folder: string, path: string): Promise<string> {
  const abort = new AbortController();
  return await inFolder(folder, async (parent) => {
    const argv = [path, "-M", "none", "-nodefaults", "-display", "none"];
    const qemu = await SpawnedQemu.start({ argv, recorded: false, signal: abort.signal, parent });
    abort.abort();
    await within(10_000, "QEMU to end", qemu.exited);
    await stopped(qemu);
    return "ended";
  });
}

/** Uses it as a destination; gives what it is. */
async function using(qemu: SpawnedQemu): Promise<string> {
  const monitor = await QmpClient.connect(qemu.qmp);
  try {
    const { qemu: version } = await monitor.call("query-version") as { qemu: { major: number; minor: number } };
    await monitor.call("migrate-incoming", { uri: formatSocketAddress(qemu.incoming) });
    const { status } = await monitor.call("query-status") as { status: string };
    assertEquals(status, "inmigrate");
    // To connect would begin a migration, which fails when nothing comes.
    assert((await Deno.lstat(pathOf(qemu.incoming))).isSocket);
    return `QEMU ${version.major}.${version.minor}, ${status}`;
  } finally {
    monitor.close();
  }
}

/** Stops it, and looks whether it is gone. */
async function stopped(qemu: SpawnedQemu): Promise<void> {
  await within(10_000, "QEMU to stop", qemu.stop());
  await within(1_000, "QEMU to have ended", qemu.exited);
  await assertRejects(() => Deno.stat(parentOf(qemu)), Deno.errors.NotFound);
}

/** Gives `use` a folder; nothing of a spawned QEMU may be left in it. */
async function inFolder(folder: string, use: (parent: string) => Promise<string>): Promise<string> {
  const parent = await Deno.makeTempDir({ dir: folder });
  try {
    const seen = await use(parent);
    for await (const { name, isDirectory } of Deno.readDir(parent)) assert(!isDirectory, `${name} is left`);
    return seen;
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

function pathOf(address: SpawnedQemu["qmp"]): string {
  assert(address.kind === "unix");
  return address.path;
}

/** Its private folder. */
function parentOf({ qmp }: SpawnedQemu): string {
  return pathOf(qmp).replace(/\/[^/]*$/, "");
}
