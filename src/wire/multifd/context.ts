import type { MultifdCompression } from "./constants.ts";

/** A savevm section of the destination, as far as device-state packets are concerned. */
export interface MultifdSection {
  /** The section's name, such as `0000:00:02.0/vfio`. */
  readonly idstr: string;
  /** Its instance, normally 0. */
  readonly instanceId: number;
  /** Whether it takes buffers from device-state packets. In QEMU only VFIO devices do. */
  readonly takesBuffers: boolean;
}

/**
 * What a destination knows besides the bytes of a multifd channel. A check that needs something that is absent here is
 * not made. The values are looked at when a packet is read, so they may be filled in while parsing goes on.
 */
export interface MultifdContext {
  /** Version of the QEMU that is told about in `qemu` texts, and by whose rules oddities count: `10.0` if absent. */
  readonly qemu?: string;
  /** UUID of the destination's machine, as text. */
  readonly uuid?: string;
  /** The destination's `multifd-channels`. */
  readonly channels?: number;
  /** The destination's `multifd-compression`. */
  readonly compression?: MultifdCompression;
  /** `used_length` in bytes of each RAM block, by its idstr. */
  readonly blocks?: ReadonlyMap<string, number>;
  /** All sections that the destination has registered. */
  readonly sections?: readonly MultifdSection[];
}

/** Whether the QEMU of `context` is older than `major.minor`. Without a version it is taken for 10.0. */
export function qemuIsBefore(context: MultifdContext, major: number, minor: number): boolean {
  const [ownMajor = 0, ownMinor = 0] = (context.qemu ?? "10.0").split(".").map(Number);
  return ownMajor < major || (ownMajor === major && ownMinor < minor);
}
