import { type DeviceDescription, isNamedAfterState, unknownSection } from "../../wire/mod.ts";
import type { Facts } from "./facts.ts";
import { sectionKey } from "./gather_main.ts";
import { error, type ProblemDraft, warning } from "./problem.ts";

/**
 * A destination has the sections that a FULL section names, as far as the stream itself tells: the devices of a
 * destination are not in a capture, but what the source had is in its VM description (main-channel.md §4), and how QEMU
 * puts a name together is known.
 */
export function* sectionNameRule({ main, reading }: Facts): Generator<ProblemDraft> {
  const { description } = reading.state;
  if (description === undefined) return;
  const devices = new Map<string, DeviceDescription>();
  for (const device of description.devices) {
    const key = sectionKey(device.name, device.instanceId);
    if (!devices.has(key)) devices.set(key, device);
  }
  for (const section of main.full) {
    const { idstr, instanceId, channel, offset } = section;
    const device = devices.get(sectionKey(idstr, instanceId));
    if (device?.vmsdName !== undefined && !isNamedAfterState(idstr, device.vmsdName)) {
      yield error({
        code: "section-unknown",
        channel,
        offset,
        field: "idstr",
        message: `no QEMU has a section "${idstr}": that with the state "${device.vmsdName}" is called so, or ` +
          `PLACE/${device.vmsdName}`,
        qemu: unknownSection(section),
      });
    } else if (device === undefined && reading.ending === "complete") {
      yield warning({
        code: "section-undescribed",
        channel,
        offset,
        field: "idstr",
        message: `"${idstr}" instance ${instanceId} is not in the VM description: the source did not have it, and a ` +
          "destination like it does not either",
        qemu: unknownSection(section),
      });
    }
  }
}
