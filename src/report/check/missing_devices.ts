/** Devices that only the source has, by the two command lines: where the destination notices it (main-channel.md §4, §5.2). @module */

import { type AbsentDevice, absentDevices } from "../../capture/values.ts";
import { unknownSection } from "../../wire/mod.ts";
import type { Facts, MainFacts } from "./facts.ts";
import { error, type ProblemDraft } from "./problem.ts";

/** States that are not called after their device, by how that is called. */
const STATES: readonly (readonly [driver: RegExp, state: string])[] = [
  [/^virtio-serial/, "virtio-console"],
  [/^virtio-(keyboard|mouse|tablet|input)/, "virtio-input"],
  [/^lsi53c8/, "lsiscsi"],
  [/^hda-(duplex|output|micro)$/, "hda-audio"],
  [/^usb-(mouse|tablet)$/, "usb-ptr"],
  [/^scsi-(hd|cd)$/, "scsi-disk"],
];

/** Words of a driver's name that say how it is plugged in. */
const PLUGS: readonly string[] = ["pci", "pcie", "isa", "usb", "device", "transitional", "non"];

/** What a stream has of a device: a RAM block, or a section. */
interface Part {
  /** The device's path, `0000:00:02.0/`; else all of the name and the instance. */
  readonly owner: string;
  /** What the name says of the device: `virtio-rng`. */
  readonly label: string;
  /** For people. */
  readonly what: string;
  /** What a destination says that does not know it. */
  readonly qemu: string;
  /** Label of the channel. */
  readonly channel: string;
  /** Where it is named. */
  readonly offset: number;
}

/** A destination refuses what belongs to a device that it does not have: RAM of the device, else its section. */
export function* missingDeviceRule({ main, capture: { manifest } }: Facts): Generator<ProblemDraft> {
  const parts = partsOf(main);
  const owners = new Set<string>();
  // The last of a kind is plugged in last. What becomes of VFIO devices is told elsewhere.
  for (const device of absentDevices(manifest ?? {}).reverse()) {
    const { driver, slot, others } = device;
    if (driver.startsWith("vfio-")) continue;
    const owner = ownerOf(device, parts.filter((part) => !owners.has(part.owner)));
    const part = parts.find((part) => part.owner === owner);
    if (part === undefined) continue;
    owners.add(part.owner);
    const { channel, offset, what, qemu } = part;
    yield error({
      code: "missing-device",
      channel,
      offset,
      field: "idstr",
      message: `the source has a ${driver}, to which the ${what} belongs; the destination was started without it`,
      qemu,
      hint: `start the destination with the source's -device ${driver}${slot === undefined ? "" : `,addr=${slot}`}`,
      expected: { value: others.join(", "), origin: "capture", from: "capture.json" },
      lost: "its state was not loaded",
    });
  }
}

/** Parts of all devices, in the order in which a destination comes to them. */
function partsOf({ blocks, full }: MainFacts): Part[] {
  const ram = [...blocks].flatMap(([name, { channel, offset }]): Part[] => {
    const owner = pathOf(name);
    const label = name.slice(name.lastIndexOf("/") + 1).replace(/\..*/s, "");
    const qemu = `Unknown ramblock "${name}", cannot accept migration`;
    // Others belong to the machine: `pc.ram`, `/rom@etc/acpi/tables`.
    return owner === undefined ? [] : [{ owner, label, what: `RAM block "${name}"`, qemu, channel, offset }];
  });
  const sections = full.map((section): Part => ({
    owner: pathOf(section.idstr) ?? `${section.idstr} ${section.instanceId}`,
    label: section.idstr.slice(section.idstr.lastIndexOf("/") + 1),
    what: `section "${section.idstr}"`,
    qemu: unknownSection(section),
    channel: section.channel,
    offset: section.offset,
  }));
  return [...ram, ...sections];
}

/** The path of a device, which the names of its parts begin with. */
function pathOf(name: string): string | undefined {
  return /^.*:.*\//s.exec(name)?.[0];
}

/** Which parts are the device's, and not those of others that the destination has. */
function ownerOf({ driver, slot, others }: AbsentDevice, parts: readonly Part[]): string | undefined {
  const own = parts.filter(({ label }) => isStateOf(label, driver));
  if (slot !== undefined) return own.find(({ owner }) => owner === `0000:00:${slot}/`)?.owner;
  const last = own.at(-1);
  if (last === undefined) return undefined;
  const rivals = others.filter((other) => isStateOf(last.label, other)).length;
  return new Set(own.map(({ owner }) => owner)).size > rivals ? last.owner : undefined;
}

/** Whether a state of that name is one of the driver's: `virtio-rng` of `virtio-rng-pci`, `xhci` of `qemu-xhci`. */
function isStateOf(state: string, driver: string): boolean {
  const known = STATES.find(([pattern]) => pattern.test(driver));
  if (known !== undefined) return state === known[1];
  const [words, others] = [wordsOf(state), wordsOf(driver)];
  if (words.length === 0 || others.length === 0) return false;
  return words.every((word) => others.includes(word)) || others.every((word) => words.includes(word));
}

function wordsOf(name: string): string[] {
  return name.toLowerCase().split(/[-_]/).filter((word) => !PLUGS.includes(word));
}
