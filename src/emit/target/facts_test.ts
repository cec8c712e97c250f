import { assertEquals, assertRejects } from "@std/assert";
import { QmpError } from "../../qmp/mod.ts";
import { Refusal } from "../../qmp/monitor_for_test.ts";
import { examineTarget } from "./facts.ts";
import { pciPath } from "./pci_path.ts";
import { readRamBlocks } from "./ram_blocks.ts";
import { qemuAnswers, type Qom, RAM_TABLE, withMonitor } from "./target_for_test.ts";

/** A machine with devices on its root bus, behind bridges, and behind an expander. */
const QOM: Qom = {
  "/machine/q35": { type: "q35-pcihost" },
  "/machine/spapr-phb": { type: "spapr-pci-host-bridge-host" },
  "/machine/unattached/device[25]": { type: "pxb-host" },
  "/machine/peripheral/rp": { type: "pcie-root-port", addr: 24, parent_bus: "/machine/q35/pcie.0" },
  "/machine/peripheral/pb": { type: "pcie-pci-bridge", addr: 0, parent_bus: "/machine/peripheral/rp/rp" },
  "/machine/peripheral/px": { type: "pxb-pcie", addr: 64, bus_nr: 20, parent_bus: "/machine/q35/pcie.0" },
  "/machine/peripheral/rp2": { type: "pcie-root-port", addr: 0, parent_bus: "/machine/unattached/device[25]/px" },
  "/machine/peripheral/lost": { type: "vfio-pci", addr: 8, parent_bus: "/machine/spapr-phb/pci.0" },
  "/machine/peripheral/vf": {
    type: "vfio-pci",
    addr: 73,
    parent_bus: "/machine/q35/pcie.0",
    sysfsdev: "/sys/bus/mdev/devices/20000000-0000-4000-8000-000000000000",
    "x-migration-multifd-transfer": "auto",
    "x-migration-load-config-after-iter": "off",
    "x-migration-max-queued-buffers-size": 40000,
    "enable-migration": "on",
  },
  "/machine/peripheral-anon/device[0]": {
    type: "vfio-pci-nohotplug",
    addr: 56,
    parent_bus: "/machine/peripheral/pb/pb",
    sysfsdev: "/sys/bus/pci/devices/0000:3b:00.2",
    "x-migration-max-queued-buffers-size": 18446744073709551615,
  },
  "/machine/peripheral/lpc": { type: "vfio-pci-igd-lpc-bridge", addr: 1, parent_bus: "/machine/q35/pcie.0" },
  "/machine/peripheral/far": { type: "e1000e", addr: 0, parent_bus: "/machine/peripheral/rp2/rp2" },
};

Deno.test("examineTarget() tells all that a QEMU says of itself", async () => {
  const facts = await withMonitor(qemuAnswers(QOM), examineTarget);
  assertEquals(facts, {
    version: { major: 10, minor: 0, micro: 2 },
    qemu: "10.0.2",
    package: "Debian 1:10.0.2+ds-2",
    runState: "inmigrate",
    listening: [],
    hasBegun: false,
    machine: "pc-i440fx-10.0",
    arch: "x86_64",
    uuid: "00000000-0000-0000-0000-000000000000",
    blocks: [
      { name: "pc.ram", usedLength: 0x800000, maxLength: 0x800000 },
      { name: "/rom@etc/acpi/tables", usedLength: 0x20000, maxLength: 0x200000 },
    ],
    capabilities: { multifd: false, events: true },
    parameters: { "multifd-channels": 2, "multifd-compression": "none" },
    devices: [
      { path: "/machine/peripheral/lost", id: "lost" },
      {
        path: "/machine/peripheral/vf",
        id: "vf",
        idstr: "0000:00:09.1/vfio",
        name: "20000000-0000-4000-8000-000000000000",
        multifdTransfer: "auto",
        loadConfigAfterIter: "off",
        maxQueuedSize: 40000,
        enableMigration: "on",
      },
      {
        path: "/machine/peripheral-anon/device[0]",
        idstr: "0000:00:03.0:00.0:07.0/vfio",
        name: "0000:3b:00.2",
      },
    ],
    knowsExitOnError: true,
  });
});

Deno.test("examineTarget() sees a QEMU that listens already, in each version's way", async () => {
  const unix = { path: "/run/in.sock", type: "unix" };
  const cases: [migration: object, listening: string[], hasBegun: boolean][] = [
    [{ "socket-address": [unix] }, ["unix:/run/in.sock"], true],
    [{ status: "setup", "socket-address": [{ type: "inet", host: "::", port: "4444" }] }, ["tcp:[::]:4444"], true],
    [{ status: "setup" }, [], true],
    [{ status: "none" }, [], false],
    [{}, [], false],
  ];
  for (const [migration, listening, hasBegun] of cases) {
    const facts = await withMonitor({ ...qemuAnswers(), "query-migrate": () => migration }, examineTarget);
    assertEquals([facts.listening, facts.hasBegun], [listening, hasBegun]);
  }
});

Deno.test("examineTarget() does without what an old QEMU does not know", async () => {
  const refuse = (): never => {
    throw new Refusal("no", "CommandNotFound");
  };
  const answers = {
    ...qemuAnswers(),
    "query-version": () => ({ qemu: { micro: 0, minor: 2, major: 4 }, package: "" }),
    "x-query-ramblock": refuse,
    "query-target": refuse,
    "query-uuid": refuse,
    "qom-get": refuse,
    "human-monitor-command": () => RAM_TABLE.replaceAll("\n", "\r\n"),
  };
  const { machine, arch, uuid, blocks, knowsExitOnError, package: origin } = await withMonitor(answers, examineTarget);
  assertEquals([machine, arch, uuid, knowsExitOnError, origin], [undefined, undefined, undefined, false, undefined]);
  assertEquals(blocks?.map(({ name }) => name), ["pc.ram", "/rom@etc/acpi/tables"]);
});

Deno.test("examineTarget() refuses a monitor that is no QEMU's", async () => {
  await assertRejects(
    () => withMonitor({ ...qemuAnswers(), "query-version": () => ({ guest: "agent" }) }, examineTarget),
    QmpError,
    "does not say which QEMU it is",
  );
});

Deno.test("examineTarget() asks for nothing that ends a QEMU: the types that there are, or a host address that is not set", async () => {
  await withMonitor(qemuAnswers(QOM), async (client, monitor) => {
    await examineTarget(client);
    assertEquals(monitor.names().filter((name) => /types|schema/.test(name)), []);
    assertEquals(monitor.received.filter((command) => command.arguments.property === "host"), []);
  });
});

Deno.test("pciPath() goes up to the root bus, and over an expander", async () => {
  const cases: [path: string, expected: string | undefined][] = [
    ["/machine/peripheral/vf", "0000:00:09.1"],
    ["/machine/peripheral-anon/device[0]", "0000:00:03.0:00.0:07.0"],
    ["/machine/peripheral/far", "0000:14:08.0:00.0:00.0"],
    ["/machine/peripheral/lost", undefined],
    ["/machine/peripheral/none", undefined],
  ];
  await withMonitor(qemuAnswers(QOM), async (client) => {
    for (const [path, expected] of cases) assertEquals(await pciPath(client, path), expected);
  });
});

Deno.test("pciPath() ends where a bridge is behind itself", async () => {
  const qom = { "/machine/peripheral/a": { type: "bridge", addr: 0, parent_bus: "/machine/peripheral/a/a" } };
  await withMonitor(qemuAnswers(qom), async (client) => {
    assertEquals(await pciPath(client, "/machine/peripheral/a"), undefined);
  });
});

Deno.test("readRamBlocks() reads the tables of all versions, whatever the names are", () => {
  const old = "              Block Name    PSize              Offset               Used              Total\n" +
    "0000:00:03.0:00.0:07.0/bochs-display-vram    4 KiB  0x0000000000880000 0x0000000001000000 0x0000000001000000\n" +
    "0000:00:05.0 BAR 0 mmaps[0]   64 KiB  0x0000000000000000 0x0000000000001000 0x0000000000001000\n" +
    "                    mem0    1 GiB  0x0000000000000000 0x0000000040000000 0x0000000040000000\n";
  assertEquals(readRamBlocks(old), [
    { name: "0000:00:03.0:00.0:07.0/bochs-display-vram", usedLength: 0x1000000, maxLength: 0x1000000 },
    { name: "0000:00:05.0 BAR 0 mmaps[0]", usedLength: 0x1000, maxLength: 0x1000 },
    { name: "mem0", usedLength: 0x40000000, maxLength: 0x40000000 },
  ]);
  assertEquals(readRamBlocks(""), []);
});
