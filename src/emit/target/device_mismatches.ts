import { isAtLeast, machineVersion } from "../../capture/mod.ts";
import { unknownSection } from "../../wire/mod.ts";
import type { NeededDevice, StreamNeeds } from "../needs.ts";
import type { TargetFacts } from "./facts.ts";
import { type Mismatch, mismatch } from "./mismatch.ts";
import { settingOf, type TargetSettings } from "./settings.ts";
import type { TargetDevice } from "./vfio_devices.ts";

/** Property of a device that says where its state travels. */
const TRANSFER = "x-migration-multifd-transfer";

/** Property of a device that says when its config is loaded. */
const AFTER_ITER = "x-migration-load-config-after-iter";

/** Property of a device that limits its queue. */
const QUEUE_SIZE = "x-migration-max-queued-buffers-size";

/** What does not fit of VFIO devices. */
export function deviceMismatches(needs: StreamNeeds, facts: TargetFacts, settings: TargetSettings): Mismatch[] {
  const found: Mismatch[] = [];
  const matched = new Set<TargetDevice>();
  for (const needed of needs.devices) {
    const device = facts.devices.find(({ idstr }) => idstr === needed.idstr);
    if (device === undefined) {
      found.push(missing(needed, facts));
      continue;
    }
    matched.add(device);
    found.push(...fit(needed, device, facts, settings));
  }
  const extra = facts.devices.filter((device) => !matched.has(device) && device.idstr !== undefined);
  // A stream that does not reach the end of the devices' setup tells nothing of those that are not in it.
  if (!needs.whole) return found;
  return [
    ...found,
    ...extra.map(({ idstr }) =>
      mismatch(facts, "device-extra", `the target's VFIO device ${idstr} is not in the stream, and stays as it is`, {
        severity: "warning",
      })
    ),
  ];
}

function missing(needed: NeededDevice, facts: TargetFacts): Mismatch {
  const { idstr } = needed;
  // One of them may be it.
  const unsure = facts.devices.some((device) => device.idstr === undefined);
  const others = facts.devices.map((device) => device.idstr ?? device.path).join(", ");
  return mismatch(facts, "device-missing", `the target has no VFIO device ${idstr}${others && `, but ${others}`}`, {
    severity: unsure ? "warning" : "error",
    qemu: unknownSection(needed),
    hint: `start QEMU with a -device vfio-pci at the guest address ${idstr.replace(/\/vfio$/, "")}`,
  });
}

function fit(needed: NeededDevice, device: TargetDevice, facts: TargetFacts, settings: TargetSettings): Mismatch[] {
  const { idstr } = needed;
  if (device.enableMigration === "off") {
    return [
      mismatch(facts, "device-disabled", `the target's VFIO device ${idstr} has enable-migration=off`, {
        qemu: unknownSection(needed),
        hint: "start QEMU without enable-migration=off",
      }),
    ];
  }
  // What an older version cannot load at all is said of the whole stream.
  if (needed.state === undefined || !isAtLeast(facts.version, 10, 0)) return [];
  const mode = modeMismatch(needed, device, facts, settings);
  if (mode !== undefined) return [mode];
  return needed.state === "multifd"
    ? [...configMismatches(needed, device, facts), ...queueMismatches(needed, device, facts)]
    : [];
}

function modeMismatch(
  { idstr, state }: NeededDevice,
  device: TargetDevice,
  facts: TargetFacts,
  settings: TargetSettings,
): Mismatch | undefined {
  const { multifdTransfer } = device;
  if (multifdTransfer === undefined) return undefined;
  const name = nameOf(device, idstr);
  const without = whyNoTransfer(facts, settings);
  if (multifdTransfer === "on" && without !== undefined) {
    return mismatch(facts, "device-mode", `VFIO device ${idstr} has ${TRANSFER}=on, but ${without}`, {
      qemu: `${name}: Multifd device transfer requested but unsupported in the current config`,
      hint: `start QEMU's device with ${TRANSFER}=off`,
    });
  }
  const expected = multifdTransfer === "on" || (multifdTransfer === "auto" && without === undefined)
    ? "multifd"
    : "main";
  if (expected === state) return undefined;
  const because = multifdTransfer === "auto" && without !== undefined ? `, and ${without}` : "";
  const there = expected === "multifd" ? "multifd channels" : "the main channel";
  const here = state === "multifd" ? "multifd channels" : "the main channel";
  return mismatch(
    facts,
    "device-mode",
    `the stream has the state of VFIO device ${idstr} on ${here}, the target expects it on ${there}: ` +
      `${TRANSFER} is ${multifdTransfer}${because}`,
    {
      qemu: state === "multifd"
        ? `${name}: got device state packet but not doing multifd transfer`
        : `${name}: got DEV_CONFIG_STATE in main migration channel but doing multifd transfer`,
      hint: because === "" ? `start QEMU's device with ${TRANSFER}=${state === "multifd" ? "on" : "off"}` : "",
    },
  );
}

/** Why no device takes its state over multifd (vfio.md §7.2); undefined if it can. */
function whyNoTransfer(facts: TargetFacts, settings: TargetSettings): string | undefined {
  if (settingOf(settings, facts, "capability", "multifd") !== true) return "multifd is off";
  if (settingOf(settings, facts, "capability", "mapped-ram") === true) return "mapped-ram is on";
  const compression = settingOf(settings, facts, "parameter", "multifd-compression");
  if (typeof compression === "string" && compression !== "none") return `multifd-compression is ${compression}`;
  // send-switchover-start cannot be asked for: it is what the machine type makes it, unless -global says otherwise.
  const bound = facts.machine === undefined ? undefined : machineVersion(facts.machine);
  if (bound !== undefined && !isAtLeast(bound, 10, 0)) {
    return `machine type ${facts.machine} is without SWITCHOVER_START`;
  }
  return undefined;
}

function configMismatches(
  { idstr, configAfterIter }: NeededDevice,
  device: TargetDevice,
  facts: TargetFacts,
): Mismatch[] {
  const { loadConfigAfterIter } = device;
  if (!isAtLeast(facts.version, 10, 1)) {
    if (!configAfterIter) return [];
    return [
      mismatch(facts, "device-config", `the stream tells VFIO device ${idstr} when to load its config`, {
        qemu: `${nameOf(device, idstr)}: Unknown tag 0xffffffffef100006`,
        hint: "it needs QEMU 10.1 or later",
      }),
    ];
  }
  if (loadConfigAfterIter === undefined) return [];
  const isArm = facts.arch === "aarch64" || facts.arch === "arm";
  const waits = loadConfigAfterIter === "on" || (loadConfigAfterIter === "auto" && isArm);
  if (waits === configAfterIter) return [];
  const hint = `start QEMU's device with ${AFTER_ITER}=${configAfterIter ? "on" : "off"}`;
  if (!waits) {
    const message = `the stream tells VFIO device ${idstr} when to load its config, but ${AFTER_ITER} is off`;
    const qemu = `${nameOf(device, idstr)}: got DEV_CONFIG_LOAD_READY but was disabled`;
    return [mismatch(facts, "device-config", message, { qemu, hint })];
  }
  const message = `VFIO device ${idstr} waits for ever to be told when to load its config: ${AFTER_ITER} is on, ` +
    "and the stream does not tell";
  return [mismatch(facts, "device-config", message, { hint })];
}

function queueMismatches({ idstr, queuedBytes }: NeededDevice, device: TargetDevice, facts: TargetFacts): Mismatch[] {
  const { maxQueuedSize } = device;
  if (maxQueuedSize === undefined || queuedBytes <= maxQueuedSize) return [];
  return [
    mismatch(
      facts,
      "device-queue",
      `the stream may queue ${queuedBytes} bytes for VFIO device ${idstr}, which takes ${maxQueuedSize}: it depends on how ` +
        "fast the device is",
      {
        severity: "warning",
        qemu: `${nameOf(device, idstr)}: queuing state buffer … would exceed the size max of ${maxQueuedSize}`,
        hint: `start QEMU's device with ${QUEUE_SIZE}=${queuedBytes}`,
      },
    ),
  ];
}

function nameOf({ name }: TargetDevice, idstr: string): string {
  return name ?? idstr.replace(/\/vfio$/, "");
}
