import { assertEquals } from "@std/assert";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";
import { type CaptureManifest, type ExpectationOptions, expectationsOf, readManifest } from "../capture/mod.ts";
import { type DeviceSettings, NEWEST_QEMU } from "./engine/mod.ts";
import { destinationSettings, type SettingsOptions, type StreamFacts } from "./settings.ts";

const DEVICE = "0000:00:05.0/vfio";

const FACTS: StreamFacts = {
  machine: "pc-q35-10.2",
  arm: false,
  multifdChannels: 2,
  compression: "none",
  devices: [{ idstr: DEVICE, instanceId: 0, precopy: true }],
};

/** A destination that nothing is known of but what the user and the stream say. */
function settingsOf(
  expect: ExpectationOptions,
  facts: Partial<StreamFacts> = {},
  options: SettingsOptions = {},
): ReturnType<typeof destinationSettings> {
  return destinationSettings(expectationsOf(undefined, expect), { ...FACTS, ...facts }, options);
}

function deviceOf(...args: Parameters<typeof settingsOf>): DeviceSettings | undefined {
  return settingsOf(...args).device(DEVICE, 0);
}

Deno.test("destinationSettings() takes what nobody says from the stream, and from the newest version", () => {
  const { profile, multifd, channels, compression, mappedRam, barriers, switchoverAck, device } = settingsOf({});
  assertEquals(profile.version, NEWEST_QEMU);
  assertEquals([multifd, channels, compression, mappedRam, barriers, switchoverAck], [
    true,
    2,
    "none",
    false,
    "flush",
    false,
  ]);
  assertEquals(device(DEVICE, 0), {
    name: "0000:00:05.0",
    multifdTransfer: true,
    gate: false,
    limits: { bytes: Infinity, buffers: Infinity },
    precopy: true,
    p2p: true,
  });
});

Deno.test("destinationSettings() decides multifd-transfer auto by multifd, mapped-ram, compression and machine", () => {
  const transfer = (expect: ExpectationOptions, facts: Partial<StreamFacts> = {}): boolean | undefined =>
    deviceOf(expect, facts)?.multifdTransfer;
  for (const expect of [{}, { multifdTransfer: "auto" }] as const) {
    assertEquals(transfer(expect), true);
    assertEquals(transfer({ ...expect, multifd: false }), false);
    assertEquals(transfer(expect, { multifdChannels: 0 }), false);
    assertEquals(transfer({ ...expect, mappedRam: true }), false);
    assertEquals(transfer({ ...expect, multifdCompression: "zstd" }), false);
    assertEquals(transfer(expect, { compression: "zlib" }), false);
    assertEquals(transfer({ ...expect, machine: "pc-q35-9.2" }), false);
    assertEquals(transfer(expect, { machine: "pc-q35-9.2" }), false);
    assertEquals(transfer({ ...expect, qemu: "9.2.4" }), false);
  }
  assertEquals(transfer({ multifdTransfer: "on" }, { machine: "pc-q35-9.2" }), true);
  assertEquals(transfer({ multifdTransfer: "on", qemu: "9.2.4" }), false, "there is no such property");
  assertEquals(transfer({ multifdTransfer: "off" }), false);
});

Deno.test("destinationSettings() decides load-config-after-iter auto by architecture, version and machine", () => {
  const gate = (expect: ExpectationOptions, facts: Partial<StreamFacts> = {}): boolean | undefined =>
    deviceOf(expect, facts)?.gate;
  assertEquals([gate({}), gate({}, { arm: true })], [false, true]);
  assertEquals([gate({ arch: "aarch64" }), gate({ arch: "arm" }), gate({ arch: "x86_64" }, { arm: true })], [
    true,
    true,
    false,
  ]);
  assertEquals(gate({ qemu: "10.0.13" }, { arm: true }), false);
  assertEquals(gate({}, { arm: true, machine: "virt-10.0" }), false);
  assertEquals(gate({ loadConfigAfterIter: "on" }, { machine: "pc-q35-10.0" }), true);
  assertEquals(gate({ loadConfigAfterIter: "on", qemu: "10.0" }), false, "there is no such property");
  assertEquals(gate({ loadConfigAfterIter: "off" }, { arm: true }), false);
  assertEquals(gate({ loadConfigAfterIter: "auto" }, { arm: true }), true);
});

Deno.test("destinationSettings() limits bytes where the version does, and buffers where the user says so", () => {
  assertEquals(deviceOf({ maxQueuedSize: 0 })?.limits, { bytes: 0, buffers: Infinity });
  assertEquals(deviceOf({ maxQueuedSize: 9, qemu: "10.1" }, {}, { maxQueuedBuffers: 3 })?.limits, {
    bytes: 9,
    buffers: 3,
  });
  assertEquals(deviceOf({ maxQueuedSize: 9, qemu: "10.0" })?.limits.bytes, Infinity);
});

Deno.test("destinationSettings() waits for channels at the points of its machine type and version", () => {
  const barriers = (expect: ExpectationOptions, machine?: string): string =>
    settingsOf(expect, machine === undefined ? {} : { machine }).barriers;
  assertEquals([barriers({}, "pc-i440fx-8.0"), barriers({}, "pc-i440fx-8.1")], ["section", "flush"]);
  assertEquals([barriers({ qemu: "7.2" }), barriers({ qemu: "8.1" }, "microvm")], ["section", "flush"]);
  assertEquals(barriers({ machine: "pc-q35-7.2" }), "section");
});

Deno.test("destinationSettings() reads versions as packages write them", () => {
  assertEquals(settingsOf({ qemu: "10.0.2 (Debian 1:10.0.2+ds-2)" }).profile.version, "10.0.2");
  assertEquals(deviceOf({ qemu: "10.0.2 (Debian 1:10.0.2+ds-2)" })?.multifdTransfer, true);
});

Deno.test("destinationSettings() takes QEMU's number of channels where the stream has none", () => {
  assertEquals(settingsOf({ multifd: true }, { multifdChannels: 0 }).channels, 2);
  assertEquals(settingsOf({ multifdChannels: 7 }).channels, 7);
});

Deno.test("destinationSettings() asks for the agreement of devices that gave state while the guest ran", () => {
  const needs = (facts: Partial<StreamFacts>, manifest?: Pick<CaptureManifest, "destination">): boolean =>
    destinationSettings(expectationsOf(manifest, {}), { ...FACTS, ...facts }).needsAck;
  const quiet = [{ idstr: DEVICE, instanceId: 0, precopy: false }];
  assertEquals([needs({}), needs({ devices: quiet }), needs({ devices: [] })], [true, false, false]);
  assertEquals(settingsOf({}, { devices: quiet }).device(DEVICE, 0)?.precopy, false);
  const none = { destination: { command: ["qemu-system-x86_64", "-M", "q35"] } };
  const one = { destination: { command: [...none.destination.command, "-device", "vfio-pci,host=05:00.0,addr=5"] } };
  assertEquals([needs({}, none), needs({ devices: [] }, one)], [false, true]);
});

Deno.test("destinationSettings() knows no device that a recorded command line does not have", () => {
  const command = ["qemu-system-x86_64", "-M", "q35", "-device", "vfio-pci,sysfsdev=/sys/mdev/abc,addr=5"];
  const { device, present } = destinationSettings(expectationsOf({ destination: { command } }), FACTS);
  assertEquals(present, [{ idstr: DEVICE, instanceId: 0 }]);
  assertEquals([device(DEVICE, 0)?.name, device("0000:00:06.0/vfio", 0)], ["abc", undefined]);
});

/** Recorded destinations of VFIO devices: their versions, whether they take state over multifd, gate, bytes. */
const RECORDED: { readonly [capture: string]: readonly [string, boolean, boolean, number] } = {
  "vfio-config-after-iter": ["11.1.3", true, true, Infinity],
  "vfio-from-newer": ["10.0.13", true, false, Infinity],
  "vfio-limit-fails": ["11.1.3", true, false, 40000],
  "vfio-main": ["10.0.13", false, false, Infinity],
  "vfio-mismatch-source-off": ["10.0.13", true, false, Infinity],
  "vfio-mismatch-source-on": ["10.0.13", false, false, Infinity],
  "vfio-multifd-2": ["10.0.13", true, false, Infinity],
  "vfio-multifd-newer": ["11.1.3", true, false, Infinity],
};

Deno.test({
  name: "destinationSettings() sets up the destinations that were recorded as they were",
  ignore: !haveCaptures(),
  fn(): void {
    for (const [name, [version, transfer, gate, bytes]] of Object.entries(RECORDED)) {
      const text = Deno.readTextFileSync(new URL(`${name}/capture.json`, CAPTURES));
      const manifest = readManifest(text, name, () => {});
      const { profile, device } = destinationSettings(expectationsOf(manifest), FACTS);
      const settings = device(DEVICE, 0);
      assertEquals(
        [profile.version, settings?.multifdTransfer, settings?.gate, settings?.limits.bytes, settings?.name],
        [version, transfer, gate, bytes, "20000000-0000-4000-8000-000000000000"],
        name,
      );
    }
  },
});

Deno.test("destinationSettings() takes a single multifd channel for multifd", () => {
  const multifd = (multifdChannels: number): boolean => settingsOf({}, { multifdChannels }).multifd;
  assertEquals([multifd(0), multifd(1)], [false, true]);
});

Deno.test("destinationSettings() knows a device by its name and its instance", () => {
  const devices = [
    { idstr: DEVICE, instanceId: 0, precopy: false },
    { idstr: DEVICE, instanceId: 1, precopy: true },
  ];
  const { device } = settingsOf({}, { devices });
  const precopy = (idstr: string, instanceId: number): unknown => device(idstr, instanceId)?.precopy;
  assertEquals([precopy(DEVICE, 0), precopy(DEVICE, 1), precopy("0000:00:06.0/vfio", 0)], [false, true, true]);
});

Deno.test("destinationSettings() loads over multifd only where the source sends SWITCHOVER_START", () => {
  const { multifd, ...rest } = expectationsOf(undefined, { multifd: true });
  const transfer = (value?: boolean): boolean | undefined => {
    const sent = value === undefined || multifd === undefined ? {} : { sendSwitchoverStart: { ...multifd, value } };
    return destinationSettings({ ...rest, ...sent }, FACTS).device(DEVICE, 0)?.multifdTransfer;
  };
  assertEquals([transfer(), transfer(true), transfer(false)], [true, true, false]);
});
