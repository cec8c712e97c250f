import { assertEquals } from "@std/assert";
import type { NeededDevice, StreamNeeds } from "../needs.ts";
import type { TargetFacts } from "./facts.ts";
import { mismatchesOf } from "./mismatches.ts";
import { type SettingsInput, targetSettings } from "./settings.ts";
import { FACTS, NO_NEEDS } from "./target_for_test.ts";
import type { TargetDevice } from "./vfio_devices.ts";

/** What a case changes of a stream of nothing and a target that fits. */
interface Change extends Omit<Partial<SettingsInput>, "needs" | "facts"> {
  readonly needs?: Partial<StreamNeeds>;
  readonly facts?: Partial<TargetFacts>;
}

function judge({ needs, facts, ...rest }: Change): string[] {
  const input = { needs: { ...NO_NEEDS, ...needs }, facts: { ...FACTS, ...facts }, ...rest };
  return mismatchesOf(input.needs, input.facts, targetSettings(input))
    .map(({ code, severity, qemu }) => [severity, code, ...(qemu === undefined ? [] : [qemu])].join(": "));
}

const UUID = "11111111-2222-3333-4444-555555555555";
const V10 = { version: { major: 10, minor: 0, micro: 2 }, qemu: "10.0.2", machine: "pc-q35-10.0" };
const V7 = { version: { major: 7, minor: 2, micro: 22 }, qemu: "7.2.22", machine: "pc-q35-7.2" };
const MULTIFD: Partial<StreamNeeds> = { multifdChannels: 2, capabilities: ["multifd"] };
const ON = { ...FACTS.capabilities, multifd: true };
const MEMORY = [{ name: "pc.ram", usedLength: 0x800000, maxLength: 0x800000 }];

const DEVICE: TargetDevice = {
  path: "/machine/peripheral/vf",
  idstr: "0000:00:05.0/vfio",
  name: "0000:3b:00.2",
  multifdTransfer: "auto",
  loadConfigAfterIter: "auto",
  enableMigration: "auto",
};
const NEEDED: NeededDevice = {
  idstr: "0000:00:05.0/vfio",
  instanceId: 0,
  state: "multifd",
  configAfterIter: false,
  queuedBytes: 1000,
};

/** A stream with one device, for a target with one. */
function device(needed: Partial<NeededDevice>, there: Partial<TargetDevice>, change: Change = {}): Change {
  return {
    ...change,
    needs: { ...MULTIFD, switchoverStart: true, devices: [{ ...NEEDED, ...needed }], ...change.needs },
    facts: { devices: [{ ...DEVICE, ...there }], ...change.facts },
  };
}

const MISSING =
  "'0000:00:05.0/vfio' 0. Make sure that your current VM setup matches your saved VM setup, including any " +
  "hotplugged devices";

const CASES: { readonly [name: string]: readonly [change: Change, expected: readonly string[]] } = {
  "nothing where all fits": [{
    needs: {
      ...MULTIFD,
      machine: "pc-q35-11.1",
      blocks: [{ name: "pc.ram", usedLength: 0x800000 }, { name: "/rom@etc/acpi/tables", usedLength: 0x30000 }],
      devices: [NEEDED],
      switchoverStart: true,
    },
    facts: {
      blocks: [...MEMORY, { name: "/rom@etc/acpi/tables", usedLength: 0x20000, maxLength: 0x200000 }],
      devices: [DEVICE],
    },
  }, []],
  "a machine type": [
    { needs: { machine: "pc-i440fx-10.0" }, facts: V10 },
    ["error: machine: Machine type received is 'pc-i440fx-10.0' and local is 'pc-q35-10.0'"],
  ],
  "a machine type that begins alike passes": [{ needs: { machine: "pc-q35-1" } }, []],
  "a QEMU that waits for no migration": [
    { facts: { runState: "paused" } },
    ["error: not-a-destination: '-incoming' was not specified on the command line"],
  ],
  "a QEMU that has loaded one": [{ facts: { migration: "completed", runState: "paused" } }, ["error: used"]],
  "a block that is missing, one of another size, one that is too large, and one too many": [
    {
      needs: {
        blocks: [
          { name: "vga.vram", usedLength: 0x1000 },
          { name: "pc.ram", usedLength: 0x1000000 },
          { name: "/rom@etc/acpi/tables", usedLength: 0x400000 },
          { name: "/rom@etc/acpi/rsdp", usedLength: 0x1000 },
        ],
      },
      facts: {
        blocks: [
          ...MEMORY,
          { name: "/rom@etc/acpi/tables", usedLength: 0x20000, maxLength: 0x200000 },
          { name: "/rom@etc/acpi/rsdp", usedLength: 0x2000, maxLength: 0x2000 },
          { name: "mem1", usedLength: 0x1000, maxLength: 0x1000 },
          { name: "0000:00:05.0 BAR 0 mmaps[0]", usedLength: 0x1000, maxLength: 0x1000 },
        ],
      },
    },
    [
      'error: block-missing: Unknown ramblock "vga.vram", cannot accept migration',
      "error: block-size: Size mismatch: pc.ram: 0x1000000 != 0x800000: Invalid argument",
      "error: block-size: Size too large: /rom@etc/acpi/tables: 0x400000 > 0x200000: Invalid argument",
      "warning: block-extra",
    ],
  ],
  "blocks of a stream without any": [{ facts: { blocks: MEMORY } }, []],
  "a UUID of the channels": [
    { needs: { ...MULTIFD, uuid: UUID } },
    [`error: uuid: multifd: received uuid '${UUID}' and expected uuid '${FACTS.uuid}' for channel 0`],
  ],
  "no UUID of the channels": [
    { needs: MULTIFD, facts: { uuid: UUID } },
    [`error: uuid: multifd: received uuid '${FACTS.uuid}' and expected uuid '${UUID}' for channel 0`],
  ],
  "a UUID that matters to nobody": [{ facts: { uuid: UUID } }, []],
  "a UUID that is to be validated": [
    { needs: { uuid: UUID, capabilities: ["validate-uuid"] }, facts: { uuid: UUID.replaceAll("1", "9") } },
    [`error: uuid: UUID received is ${UUID} and local is ${UUID.replaceAll("1", "9")}`],
  ],
  "a UUID that is to be validated by a machine without": [
    { needs: { uuid: UUID, capabilities: ["validate-uuid"] } },
    [],
  ],
  "what is too new for the target": [
    device({}, {}, { facts: { ...V7, devices: [{ path: "/x", idstr: "0000:00:05.0/vfio" }] } }),
    ["error: version: MIG_CMD 0xb unknown (len 0x0)", "error: version"],
  ],
  "a capability that the target does not know": [
    { needs: { capabilities: ["switchover-ack"] }, facts: { ...V7, capabilities: { multifd: false } } },
    ["error: capability: Parameter 'capability' does not accept value 'switchover-ack'"],
  ],
  "a parameter that the user invented": [{ options: { parameters: { speed: 9 } } }, ["error: capability"]],
  "a target that listens, and would have to be set": [
    { needs: MULTIFD, facts: { ...V10, hasBegun: true, migration: "setup" } },
    ["error: listening: Multifd must be set before incoming starts"],
  ],
  "a target that listens, and has all that is needed": [
    { needs: { ...MULTIFD, multifdChannels: 4 }, facts: { ...V10, hasBegun: true, capabilities: ON } },
    [],
  ],
  "a target that listens, and has multifd: what is not needed is not set": [
    {
      needs: { ...MULTIFD, returnPath: true },
      facts: { ...V10, hasBegun: true, capabilities: ON },
      recorded: { capabilities: { multifd: true, xbzrle: true }, parameters: {} },
    },
    [],
  ],
  "a target that listens, and has multifd: nothing else can be set": [
    {
      needs: { ...MULTIFD, capabilities: ["multifd", "postcopy-ram"] },
      facts: { ...V10, hasBegun: true, capabilities: ON },
    },
    ["error: listening: Multifd must be set before incoming starts"],
  ],
  "a target that listens, and can be set nevertheless": [
    { needs: { capabilities: ["postcopy-ram"] }, facts: { ...V10, hasBegun: true } },
    [],
  ],
  "an old target that listens: it can be set to anything": [
    { needs: MULTIFD, facts: { ...V7, hasBegun: true } },
    [],
  ],
  "a mapped-ram file": [
    { needs: { capabilities: ["mapped-ram"] } },
    ["error: mapped-ram"],
  ],
  "what was recorded with fewer channels, and failed": [
    {
      needs: { ...MULTIFD, multifdChannels: 4 },
      recorded: { capabilities: { multifd: true }, parameters: { "multifd-channels": 2 } },
      outcome: { destination: "exited" },
    },
    ["warning: setting: socket_accept_incoming_migration: Extra incoming migration connection; ignoring"],
  ],
  "what the user has with more channels, and another compression": [
    {
      needs: { ...MULTIFD, compression: "zlib" },
      options: { parameters: { "multifd-channels": 8, "multifd-compression": "zstd" } },
    },
    ["warning: setting", "warning: setting"],
  ],
  "channels without multifd": [
    { needs: MULTIFD, options: { capabilities: { multifd: false } } },
    ["warning: setting: socket_accept_incoming_migration: Extra incoming migration connection; ignoring"],
  ],
  "switchover-ack that the user does not want": [
    device({ state: "main" }, {}, {
      needs: { multifdChannels: 0, capabilities: ["switchover-ack"] },
      options: { capabilities: { "switchover-ack": false } },
    }),
    ["warning: setting: 0000:3b:00.2: Received INIT_DATA_SENT but switchover ack is not used"],
  ],
  "multifd without channels": [{ options: { capabilities: { multifd: true } } }, ["warning: setting"]],
  "a VFIO device that is missing": [
    { ...device({}, { idstr: "0000:00:06.0/vfio" }) },
    [`error: device-missing: Unknown section or instance ${MISSING}`, "warning: device-extra"],
  ],
  "a VFIO device that is missing, in older words": [
    { ...device({}, {}, { facts: { ...V10, devices: [] } }) },
    [`error: device-missing: Unknown savevm section or instance ${MISSING}`],
  ],
  "a VFIO device that may be missing": [
    { ...device({}, {}, { facts: { devices: [{ path: "/machine/peripheral/vf" }] } }) },
    [`warning: device-missing: Unknown section or instance ${MISSING}`],
  ],
  "a VFIO device of the target alone": [{ facts: { devices: [DEVICE] } }, ["warning: device-extra"]],
  "a VFIO device that a cut stream may not have reached": [
    { needs: { whole: false }, facts: { devices: [DEVICE] } },
    [],
  ],
  "a VFIO device that does not migrate": [
    device({}, { enableMigration: "off" }),
    [`error: device-disabled: Unknown section or instance ${MISSING}`],
  ],
  "state on multifd channels, expected on the main channel": [
    device({}, { multifdTransfer: "off" }),
    ["error: device-mode: 0000:3b:00.2: got device state packet but not doing multifd transfer"],
  ],
  "state on the main channel, expected on multifd channels": [
    device({ state: "main" }, {}),
    ["error: device-mode: 0000:3b:00.2: got DEV_CONFIG_STATE in main migration channel but doing multifd transfer"],
  ],
  "state on the main channel, without multifd": [
    device({ state: "main" }, {}, { needs: { multifdChannels: 0, capabilities: [] } }),
    [],
  ],
  "state on the main channel of a compressed migration": [
    device({ state: "main" }, {}, { needs: { compression: "zlib" } }),
    [],
  ],
  "state on the main channel of an old machine type": [
    device({ state: "main" }, {}, { facts: { machine: "pc-q35-9.2", devices: [DEVICE] } }),
    [],
  ],
  "state on multifd channels of an old machine type": [
    device({}, {}, { facts: { machine: "pc-q35-9.2", devices: [DEVICE] } }),
    ["error: device-mode: 0000:3b:00.2: got device state packet but not doing multifd transfer"],
  ],
  "multifd transfer that cannot be": [
    device({ state: "main" }, {}, {
      needs: { devices: [{ ...NEEDED, state: "main" }], multifdChannels: 0, capabilities: [] },
      facts: { devices: [{ ...DEVICE, multifdTransfer: "on" }] },
    }),
    ["error: device-mode: 0000:3b:00.2: Multifd device transfer requested but unsupported in the current config"],
  ],
  "a device without any state in the stream": [
    {
      needs: { ...MULTIFD, devices: [{ idstr: NEEDED.idstr, instanceId: 0, configAfterIter: false, queuedBytes: 0 }] },
      facts: { devices: [DEVICE] },
    },
    [],
  ],
  "a config that comes with a sign that the target does not take": [
    device({ configAfterIter: true }, {}),
    ["error: device-config: 0000:3b:00.2: got DEV_CONFIG_LOAD_READY but was disabled"],
  ],
  "a config that comes with a sign that 10.0 does not know": [
    device({ configAfterIter: true }, {}, { facts: { ...V10, devices: [DEVICE] } }),
    ["error: device-config: 0000:3b:00.2: Unknown tag 0xffffffffef100006"],
  ],
  "a config that a target waits with for ever": [device({}, { loadConfigAfterIter: "on" }), ["error: device-config"]],
  "a config that ARM waits with": [
    device({}, {}, { facts: { arch: "aarch64", devices: [DEVICE] } }),
    ["error: device-config"],
  ],
  "a queue that may be too small": [
    device({}, { maxQueuedSize: 999 }),
    ["warning: device-queue: 0000:3b:00.2: queuing state buffer … would exceed the size max of 999"],
  ],
  "a queue that is just large enough": [device({}, { maxQueuedSize: 1000 }), []],
};

for (const [name, [change, expected]] of Object.entries(CASES)) {
  Deno.test(`mismatchesOf() judges ${name}`, () => assertEquals(judge(change), [...expected]));
}

Deno.test("mismatchesOf() says what to do", () => {
  const needs = { ...NO_NEEDS, ...MULTIFD, uuid: UUID, machine: "pc-i440fx-10.0" };
  const found = mismatchesOf(needs, FACTS, targetSettings({ needs, facts: FACTS }));
  assertEquals(found.map(({ hint }) => hint), [
    "start QEMU with -machine pc-i440fx-10.0",
    `start QEMU with -uuid ${UUID}, or send the target's with --uuid ${FACTS.uuid}`,
  ]);
});

Deno.test("mismatchesOf() says why a setting is kept", () => {
  const needs = { ...NO_NEEDS, ...MULTIFD, multifdChannels: 4 };
  const settings = targetSettings({
    needs,
    facts: FACTS,
    recorded: { capabilities: { multifd: true }, parameters: {} },
    outcome: { destination: "failed" },
  });
  const [found] = mismatchesOf(needs, FACTS, settings);
  assertEquals(
    found?.message,
    "multifd-channels is 2 by capture.json, the stream has 4: surplus channels are refused, and what they carry is lost",
  );
  assertEquals(found?.hint, "the recorded migration did not complete, and is repeated as it was");
});
