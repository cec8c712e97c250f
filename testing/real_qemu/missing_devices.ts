/** Migrations whose destination lacks a device of the source: what QEMU says then is foreseen from the two command lines. @module */

import { assert, assertEquals } from "@std/assert";
import { memoryIo } from "../../cli/memory_io.ts";
import { main } from "../../cli/main.ts";
import type { CheckReport } from "../../src/report/check/mod.ts";
import type { LoadReport } from "../../src/report/load/mod.ts";
import type { Case } from "./case.ts";
import { PC } from "./machine.ts";
import { migrateOverRelay } from "./migrate.ts";
import { Scene } from "./scene.ts";
import type { Qemu } from "./vm.ts";

/** Network cards have a ROM, which is a RAM block: QEMU comes to that first. Debian's 7.2 lacks these ROMs. */
const WITH_ROM: readonly string[] = ["virtio-net-pci", "e1000", "e1000e", "rtl8139", "vmxnet3"];

/** What the source is started with besides; the destination with the second list. */
const DEVICES: readonly (readonly [source: readonly string[], destination?: readonly string[]])[] = [
  [["virtio-rng-pci"]],
  [["virtio-balloon-pci"]],
  [["virtio-serial-pci"]],
  [["virtio-scsi-pci"]],
  [["virtio-gpu-pci"]],
  [["virtio-keyboard-pci"]],
  [["intel-hda"]],
  [["i6300esb"]],
  [["qemu-xhci"]],
  [["usb-ehci"]],
  [["piix3-usb-uhci"]],
  [["sdhci-pci"]],
  [["tpci200"]],
  [["VGA"]],
  [["cirrus-vga"]],
  [["isa-serial"]],
  [["vmgenid"]],
  [["pci-bridge,chassis_nr=1"]],
  [["lsi53c895a"]],
  [["megasas"]],
  // Two of a kind, and one of them at the destination.
  [["virtio-rng-pci,addr=5", "virtio-rng-pci,addr=6"], ["virtio-rng-pci,addr=6"]],
  [["virtio-rng-pci", "virtio-rng-pci"], ["virtio-rng-pci"]],
];

/** The cases for one QEMU. */
export function missingDeviceCases(qemu: Qemu): Case[] {
  const cards = qemu.version === "7.2" ? [] : WITH_ROM.map((card): typeof DEVICES[number] => [[card]]);
  return [...DEVICES, ...cards].map(([source, destination = []]) => ({
    name: `${qemu.version} missing ${source.join(" and ")}`,
    run: (folder) => run(qemu, source.flatMap(asArgument), destination.flatMap(asArgument), folder),
  }));
}

function asArgument(device: string): string[] {
  return ["-device", device];
}

async function run(
  qemu: Qemu,
  source: readonly string[],
  destination: readonly string[],
  folder: string,
): Promise<string> {
  const scene = await Scene.open(folder);
  try {
    // What fills the source's memory is what it alone has.
    const machine = { ...PC, fill: [...PC.fill, ...source], args: PC.args };
    const migrated = await migrateOverRelay(scene, { qemu, machine, destinationOnly: destination });
    const words = await migrated.destination.stop();
    assert(migrated.outcome[1] !== "completed", "the destination has loaded it");
    const { problems } = await asked<CheckReport>("check", migrated.capture);
    const found = problems.filter(({ code }) => code === "missing-device");
    assertEquals(found.length, 1, `check: ${JSON.stringify(problems)}; QEMU: ${words}`);
    const said = found[0]?.qemu ?? "";
    assert(said !== "" && words.includes(said), `check: ${said}; QEMU: ${words}`);
    const { verdict } = await asked<LoadReport>("load", migrated.capture);
    assertEquals([verdict.kind, verdict.code, verdict.qemu], ["error", "missing-device", said]);
    return said;
  } finally {
    await scene.close();
  }
}

async function asked<T>(command: string, capture: string): Promise<T> {
  const io = memoryIo();
  await main([command, "--json", capture], io);
  return JSON.parse(io.out());
}
