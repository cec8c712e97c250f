import { CAPTURE_FORMAT, type CaptureManifest } from "../capture/values.ts";
import type { ForgeDescription, ForgeDestination } from "./description.ts";

/**
 * What `capture.json` of a forged capture says: the destination that it is meant for.
 *
 * @param description The description.
 * @param name Name of the capture.
 */
export function forgedManifest(description: ForgeDescription, name: string): CaptureManifest {
  const { title, machine, destination } = description;
  const { qemu, multifd, channels, compression, mappedRam, switchoverAck } = destination;
  return {
    format: CAPTURE_FORMAT,
    name,
    about: title,
    payload: true,
    destination: {
      qemu,
      command: ["qemu-system-x86_64", "-machine", machine, ...deviceWords(destination), ...destination.args],
      capabilities: { "multifd": multifd, "mapped-ram": mappedRam, "switchover-ack": switchoverAck },
      parameters: {
        ...(multifd ? { "multifd-channels": channels } : {}),
        ...(compression === undefined ? {} : { "multifd-compression": compression }),
      },
    },
    other: {},
  };
}

/** Devices as arguments. One whose section does not tell a place on the root bus is left out. */
function deviceWords(destination: ForgeDestination): string[] {
  return destination.devices.flatMap((idstr) => {
    const [, address, slot] = /^(0000:00:([0-9a-f]{2}\.[0-7]))\/vfio$/.exec(idstr) ?? [];
    if (address === undefined || slot === undefined) return [];
    const { multifdTransfer, loadConfigAfterIter, maxQueuedSize } = destination;
    const properties = [
      "vfio-pci",
      `host=${address}`,
      `addr=${slot}`,
      `x-migration-multifd-transfer=${multifdTransfer}`,
      ...(loadConfigAfterIter === undefined ? [] : [`x-migration-load-config-after-iter=${loadConfigAfterIter}`]),
      ...(maxQueuedSize === undefined ? [] : [`x-migration-max-queued-buffers-size=${maxQueuedSize}`]),
    ];
    return ["-device", properties.join(",")];
  });
}
