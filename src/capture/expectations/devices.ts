/**
 * What a destination's VFIO devices expect: their properties, with `auto` decided as QEMU does (vfio.md §7).
 *
 * @module
 */

import { parseQemuSize, parseQemuSwitch, type QemuCommand, type QemuProperties } from "./command.ts";
import { machineVersion } from "./machine.ts";
import {
  captured,
  type DeviceExpectation,
  type ExpectationOptions,
  type Expectations,
  follows,
  type Known,
  type OnOffAuto,
  optionName,
} from "./model.ts";
import { slotOf } from "./slot.ts";
import { isAtLeast, type QemuVersion } from "./version.ts";

/** What decides about `auto`. */
type General = Omit<Expectations, "devices" | "devicesAreAll">;

const NO_PROPERTIES: QemuProperties = { first: undefined, values: new Map() };

/**
 * The VFIO devices of a destination.
 *
 * @returns The devices, undefined if nothing is known of any; and whether these are all there are.
 */
export function expectDevices(
  command: QemuCommand | undefined,
  options: ExpectationOptions,
  general: General,
  version: QemuVersion | undefined,
): { devices?: DeviceExpectation[]; all: boolean } {
  const rules = new DeviceRules(command, options, general, version);
  if (command !== undefined) {
    const devices = command.devices.filter(({ first = "" }) => /^vfio-pci(-nohotplug)?$/.test(first));
    const all = !command.open && devices.every((device) => slotOf(device) !== undefined);
    return { devices: devices.map((device) => rules.expect(device)), all };
  }
  const said = options.multifdTransfer ?? options.loadConfigAfterIter ?? options.maxQueuedSize;
  const decided = said !== undefined || (version !== undefined && !isAtLeast(version, 10, 0));
  return { ...(decided ? { devices: [rules.expect(NO_PROPERTIES)] } : {}), all: false };
}

/**
 * The expectation for a device of the stream: the one of that name; else what all devices of the destination agree on,
 * whichever it is.
 */
export function expectationFor(expectations: Expectations, idstr: string): DeviceExpectation | undefined {
  const { devices = [] } = expectations;
  const named = devices.find((device) => device.idstr === idstr);
  if (named !== undefined) return named;
  // A device that is told by its name is another one.
  const candidates = devices.filter((device) => device.idstr === undefined);
  const [first, ...others] = candidates;
  return first !== undefined && others.every((other) => agree(first, other)) ? withoutName(first) : undefined;
}

function agree(a: DeviceExpectation, b: DeviceExpectation): boolean {
  return a.overMultifd?.value === b.overMultifd?.value && a.configAfterIter?.value === b.configAfterIter?.value &&
    a.maxQueuedSize?.value === b.maxQueuedSize?.value && a.transfer?.value === b.transfer?.value;
}

function withoutName({ name: _name, ...device }: DeviceExpectation): DeviceExpectation {
  return device;
}

class DeviceRules {
  readonly #command: QemuCommand | undefined;
  readonly #options: ExpectationOptions;
  readonly #general: General;
  readonly #version: QemuVersion | undefined;
  /** Version that the machine type keeps to: it decides about the defaults of devices. */
  readonly #bound: QemuVersion | undefined;

  constructor(
    command: QemuCommand | undefined,
    options: ExpectationOptions,
    general: General,
    version: QemuVersion | undefined,
  ) {
    this.#command = command;
    this.#options = options;
    this.#general = general;
    this.#version = version;
    this.#bound = general.machine === undefined ? undefined : machineVersion(general.machine.value);
  }

  expect(device: QemuProperties): DeviceExpectation {
    const slot = slotOf(device);
    const name = nameOf(device);
    const transfer = this.#setting(device, "multifdTransfer", "x-migration-multifd-transfer") ??
      this.#default((bound) => isAtLeast(bound, 10, 0) ? "auto" : "off");
    const overMultifd = this.#overMultifd(transfer);
    const configAfterIter = this.#configAfterIter(device);
    const maxQueuedSize = this.#maxQueuedSize(device);
    return {
      ...(slot === undefined ? {} : { idstr: `0000:00:${slot}/vfio` }),
      ...(name === undefined ? {} : { name }),
      ...(transfer === undefined ? {} : { transfer }),
      ...(overMultifd === undefined ? {} : { overMultifd }),
      ...(configAfterIter === undefined ? {} : { configAfterIter }),
      ...(maxQueuedSize === undefined ? {} : { maxQueuedSize }),
    };
  }

  /** A property as the command line sets it. */
  #property({ first, values }: QemuProperties, name: string): string | undefined {
    const globals = this.#command?.globals;
    return values.get(name) ?? globals?.get(`${first}.${name}`) ?? globals?.get(`vfio-pci.${name}`);
  }

  #setting(
    device: QemuProperties,
    option: "multifdTransfer" | "loadConfigAfterIter",
    property: string,
  ): Known<OnOffAuto> | undefined {
    const said = this.#options[option];
    if (said !== undefined) return { value: said, origin: "option", from: optionName(option) };
    const set = this.#property(device, property);
    const flag = parseQemuSwitch(set);
    const value = flag === undefined ? (set === "auto" ? "auto" : undefined) : flag ? "on" : "off";
    return captured<OnOffAuto>(value);
  }

  /** What a new device has, by the machine type. A machine type without version keeps to the program's. */
  #default(decide: (bound: QemuVersion) => OnOffAuto): Known<OnOffAuto> | undefined {
    const { machine, qemu } = this.#general;
    if (this.#bound !== undefined) return follows(decide(this.#bound), machine);
    return machine === undefined || this.#version === undefined
      ? undefined
      : follows(decide(this.#version), machine, qemu);
  }

  /** vfio.md §7.2. */
  #overMultifd(transfer: Known<OnOffAuto> | undefined): Known<boolean> | undefined {
    const { qemu, multifd, mappedRam, multifdCompression, sendSwitchoverStart } = this.#general;
    if (this.#version !== undefined && !isAtLeast(this.#version, 10, 0)) return follows(false, qemu);
    if (transfer === undefined) return undefined;
    if (transfer.value !== "auto") return follows(transfer.value === "on", transfer);
    if (multifd?.value === false) return follows(false, transfer, multifd);
    if (mappedRam?.value === true) return follows(false, transfer, mappedRam);
    if (multifdCompression !== undefined && multifdCompression.value !== "none") {
      return follows(false, transfer, multifdCompression);
    }
    if (sendSwitchoverStart?.value === false) return follows(false, transfer, sendSwitchoverStart);
    const all = [multifd, mappedRam, multifdCompression, sendSwitchoverStart];
    return all.includes(undefined) ? undefined : follows(true, transfer, ...all);
  }

  /** vfio.md §7.1. */
  #configAfterIter(device: QemuProperties): Known<boolean> | undefined {
    const { qemu } = this.#general;
    if (this.#version !== undefined && !isAtLeast(this.#version, 10, 1)) return follows(false, qemu);
    const set = this.#setting(device, "loadConfigAfterIter", "x-migration-load-config-after-iter") ??
      this.#default((bound) => isAtLeast(bound, 10, 1) ? "auto" : "off");
    if (set === undefined) return undefined;
    if (set.value !== "auto") return follows(set.value === "on", set);
    const { arch } = this.#general;
    return arch === undefined ? undefined : follows(arch.value === "aarch64" || arch.value === "arm", set, arch);
  }

  #maxQueuedSize(device: QemuProperties): Known<number> | undefined {
    const { maxQueuedSize } = this.#options;
    if (maxQueuedSize !== undefined) {
      return { value: maxQueuedSize, origin: "option", from: optionName("maxQueuedSize") };
    }
    // What is too large for a number is no limit that a stream could reach.
    return captured(parseQemuSize(this.#property(device, "x-migration-max-queued-buffers-size") ?? ""));
  }
}

/** What QEMU's messages call a device (vfio.md §2.3). */
function nameOf({ values }: QemuProperties): string | undefined {
  return values.get("host") ?? values.get("sysfsdev")?.split("/").at(-1);
}
