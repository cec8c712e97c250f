import type { CaptureManifest } from "../manifest.ts";
import { parseQemuCommand, type QemuProperties } from "./command.ts";
import { slotOf } from "./slot.ts";

/** A device that the source was started with, and the destination was not. */
export interface AbsentDevice {
  /** Its `-device`: `virtio-rng-pci`. */
  readonly driver: string;
  /** Slot and function on the root bus, `05.0`; absent if its `-device` does not tell. */
  readonly slot?: string;
  /** Drivers of the destination's devices. */
  readonly others: readonly string[];
}

/**
 * Devices of `-device` arguments that only the source's command line has; of several of a driver those at other addresses,
 * else the last. Devices that are plugged later are in no command line. Nothing is absent if one of the command lines is
 * not known, or takes options from a file.
 *
 * @param manifest The `capture.json` of a recording.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { absentDevices } from "./absent_devices.ts";
 *
 * const source = { command: ["qemu-system-x86_64", "-device", "e1000,addr=5", "-device", "virtio-rng-pci"] };
 * const destination = { command: ["qemu-system-x86_64", "-device", "virtio-rng-pci"] };
 * assertEquals(absentDevices({ source, destination }), [{ driver: "e1000", slot: "05.0", others: ["virtio-rng-pci"] }]);
 * ```
 */
export function absentDevices(
  { source, destination }: Pick<CaptureManifest, "source" | "destination">,
): AbsentDevice[] {
  if (source?.command === undefined || destination?.command === undefined) return [];
  const [theirs, ours] = [parseQemuCommand(source.command), parseQemuCommand(destination.command)];
  if (theirs.open || ours.open) return [];
  const others = ours.devices.flatMap(({ first }) => first ?? []);
  const left = [...ours.devices];
  const take = (matches: (other: QemuProperties) => boolean): boolean => {
    const at = left.findIndex(matches);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  };
  // Those at the same address first: the others of a driver are told apart by their order alone.
  const unplaced = theirs.devices.filter((device) =>
    !take((other) => other.first === device.first && slotOf(other) === slotOf(device))
  );
  return unplaced.filter(({ first }) => !take((other) => other.first === first)).flatMap((device) => {
    const slot = slotOf(device);
    return device.first === undefined ? [] : { driver: device.first, ...(slot === undefined ? {} : { slot }), others };
  });
}
