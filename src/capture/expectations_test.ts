import { assertEquals } from "@std/assert";
import type { CaptureSide } from "../capture/mod.ts";
import { expectationFor, type ExpectationOptions, type Expectations, expectationsOf } from "./expectations.ts";

const VFIO = "vfio-pci,host=0000:3b:00.2,addr=0x5";

function destination(
  command: string,
  side?: Omit<CaptureSide, "command">,
  options?: ExpectationOptions,
): Expectations {
  const whole = { qemu: "10.2.0", capabilities: {}, parameters: {}, command: command.split(" "), ...side };
  return expectationsOf({ destination: whole }, options);
}

const multifd = { capabilities: { multifd: true } };

Deno.test("expectationsOf() knows nothing without a recording and options", () => {
  assertEquals(expectationsOf(undefined), { devicesAreAll: false });
  assertEquals(expectationsOf({}), { devicesAreAll: false });
});

Deno.test("expectationsOf() takes what a recorder does not name for QEMU's default", () => {
  const { multifd, multifdChannels, multifdCompression, mappedRam } = destination("qemu-system-x86_64");
  assertEquals([multifd?.value, multifdChannels?.value, multifdCompression?.value, mappedRam?.value], [
    false,
    2,
    "none",
    false,
  ]);
  assertEquals(expectationsOf({ destination: { qemu: "10.0.2" } }), {
    qemu: { value: "10.0.2", origin: "capture", from: "capture.json" },
    devicesAreAll: false,
  });
});

Deno.test("expectationsOf() lets the user override what a capture says, and tells who said it", () => {
  const { qemu, machine, multifd, multifdChannels } = destination("qemu-system-x86_64 -M q35", {
    parameters: { "multifd-channels": 4 },
  }, { qemu: "9.2", multifd: true });
  assertEquals(qemu, { value: "9.2", origin: "option", from: "--qemu" });
  assertEquals(machine, { value: "pc-q35-9.2", origin: "option", from: "capture.json, --qemu" });
  assertEquals(multifd, { value: true, origin: "option", from: "--multifd" });
  assertEquals(multifdChannels, { value: 4, origin: "capture", from: "capture.json" });
});

Deno.test("expectationsOf() lets an alias stand for what it stood for when it was recorded, if the version has that", () => {
  const machine = (recorded: string, asked: string): unknown =>
    destination("qemu-system-x86_64 -M q35", { qemu: recorded }, { qemu: asked }).machine;
  const then = { value: "pc-q35-10.0", origin: "capture", from: "capture.json" };
  assertEquals([machine("10.0.13", "11.1"), machine("10.0.13", "10.0")], [then, then]);
  assertEquals(machine("10.0.13", "9.2"), { value: "pc-q35-9.2", origin: "option", from: "capture.json, --qemu" });
});

Deno.test("expectationsOf() takes the architecture of the command, unless the user says another", () => {
  const command = `qemu-system-x86_64 -M pc-q35-10.2 -device ${VFIO}`;
  assertEquals(destination(command).arch, { value: "x86_64", origin: "capture", from: "capture.json" });
  const { arch, devices } = destination(command, { qemu: "10.2" }, { arch: "aarch64" });
  assertEquals(arch, { value: "aarch64", origin: "option", from: "--arch" });
  assertEquals(devices?.[0]?.configAfterIter?.value, true);
});

Deno.test("expectationsOf() resolves a machine type only where it is certain", () => {
  const machine = (command: string, qemu = "10.2.0"): string | undefined =>
    destination(command, { qemu }).machine?.value;
  assertEquals(machine("qemu-system-x86_64 -M pc"), "pc-i440fx-10.2");
  assertEquals(machine("/usr/bin/qemu-system-x86_64 -machine accel=kvm,type=q35"), "pc-q35-10.2");
  assertEquals(machine("qemu-system-x86_64 -M pc-q35-9.0,accel=kvm"), "pc-q35-9.0");
  assertEquals(machine("qemu-system-x86_64 -M microvm"), "microvm");
  assertEquals(machine("qemu-system-aarch64 -M virt"), "virt-10.2");
  assertEquals(machine("qemu-system-riscv64 -M virt"), undefined, "has a type of that name");
  assertEquals(machine("qemu-system-avr -M uno"), undefined, "perhaps an alias");
  assertEquals(machine("/usr/libexec/qemu-kvm -M q35"), undefined, "a distribution's own types");
  assertEquals(machine("qemu-system-x86_64 -M q35", "10.2.50"), undefined, "a development version");
  assertEquals(machine("qemu-system-x86_64"), undefined, "the default has changed");
});

Deno.test("expectationsOf() decides multifd-transfer auto as QEMU does", () => {
  const over = (command: string, side: Omit<CaptureSide, "command"> = multifd): boolean | undefined =>
    destination(`qemu-system-x86_64 ${command}`, side).devices?.[0]?.overMultifd?.value;
  assertEquals(over(`-M q35 -device ${VFIO}`), true);
  assertEquals(over(`-M q35 -device ${VFIO}`, {}), false, "multifd is off");
  assertEquals(over(`-M q35 -device ${VFIO}`, { ...multifd, parameters: { "multifd-compression": "zstd" } }), false);
  assertEquals(over(`-M q35 -device ${VFIO}`, { capabilities: { multifd: true, "mapped-ram": true } }), false);
  assertEquals(over(`-M pc-q35-9.2 -device ${VFIO}`), false, "the machine type's default");
  assertEquals(over(`-M pc-q35-9.2 -device ${VFIO},x-migration-multifd-transfer=auto`), false, "no SWITCHOVER_START");
  assertEquals(over(`-M pc-q35-9.2 -device ${VFIO},x-migration-multifd-transfer=on`), true);
  assertEquals(over(`-M q35 -global migration.send-switchover-start=off -device ${VFIO}`), false);
  assertEquals(over(`-M q35 -device ${VFIO}`, { ...multifd, qemu: "9.2.0" }), false, "not before 10.0");
  assertEquals(over(`-M q35 -global vfio-pci.x-migration-multifd-transfer=off -device ${VFIO}`), false);
});

Deno.test("expectationsOf() decides load-config-after-iter auto as QEMU does", () => {
  const after = (command: string, qemu = "10.2.0"): boolean | undefined =>
    destination(command, { ...multifd, qemu }).devices?.[0]?.configAfterIter?.value;
  assertEquals(after(`qemu-system-x86_64 -M q35 -device ${VFIO}`), false);
  assertEquals(after(`qemu-system-aarch64 -M virt -device ${VFIO}`), true);
  assertEquals(after(`qemu-system-aarch64 -M virt-10.0 -device ${VFIO}`), false);
  assertEquals(after(`qemu-system-x86_64 -M q35 -device ${VFIO},x-migration-load-config-after-iter=on`), true);
  assertEquals(after(`qemu-system-aarch64 -M virt -device ${VFIO}`, "10.0.13"), false, "not before 10.1");
});

Deno.test("expectationsOf() reads VFIO devices, also as JSON, and whether they are all", () => {
  const { devices, devicesAreAll } = destination(
    `qemu-system-x86_64 -M q35 -device ${VFIO},x-migration-max-queued-buffers-size=64M -device virtio-net-pci ` +
      '-device {"driver":"vfio-pci","sysfsdev":"/sys/bus/mdev/devices/abc","bus":"pcie.0","addr":"0x1f.0x7"}',
  );
  assertEquals(devices?.map(({ idstr, name, maxQueuedSize }) => [idstr, name, maxQueuedSize?.value]), [
    ["0000:00:05.0/vfio", "0000:3b:00.2", 64 * 1024 * 1024],
    ["0000:00:1f.7/vfio", "abc", undefined],
  ]);
  assertEquals(devicesAreAll, true);
  assertEquals(destination("qemu-system-x86_64 -device vfio-pci,bus=rp1,addr=0").devicesAreAll, false);
  assertEquals(destination("qemu-system-x86_64 -readconfig more.cfg").devicesAreAll, false);
});

Deno.test("expectationFor() matches a device by its name, else by what all agree on", () => {
  const two = (first: string, second: string): Expectations =>
    destination(`qemu-system-x86_64 -M q35 -device vfio-pci,${first} -device vfio-pci,${second}`, multifd);
  const off = "x-migration-multifd-transfer=off";
  const over = (expectations: Expectations, idstr: string): boolean | undefined =>
    expectationFor(expectations, idstr)?.overMultifd?.value;
  const named = two(`addr=5,${off}`, "addr=6");
  assertEquals([over(named, "0000:00:05.0/vfio"), over(named, "0000:00:06.0/vfio")], [false, true]);
  assertEquals(over(named, "0000:00:07.0/vfio"), undefined);
  assertEquals(over(two(`bus=a,${off}`, `bus=b,${off}`), "0000:00:02.0:00.0/vfio"), false);
  assertEquals(over(two(`bus=a,${off}`, "bus=b"), "0000:00:02.0:00.0/vfio"), undefined);
  assertEquals(over(expectationsOf(undefined, { multifdTransfer: "on" }), "0000:00:05.0/vfio"), true);
});

Deno.test("expectationsOf() knows at which points multifd channels wait", () => {
  const style = (command: string, qemu = "10.2.0"): string | undefined =>
    destination(command, { qemu }).syncStyle?.value;
  assertEquals(style("qemu-system-x86_64 -M q35"), "round");
  assertEquals(style("qemu-system-x86_64 -M pc-q35-8.0"), "section");
  assertEquals(style("qemu-system-x86_64 -M microvm", "8.0.5"), "section");
  assertEquals(style("qemu-system-x86_64 -M microvm"), "round");
  assertEquals(style("qemu-system-x86_64 -M q35 -global migration.multifd-flush-after-each-section=on"), "section");
});
