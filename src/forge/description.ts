import { Fields, ForgeError, isMapping, numberOf, textOf } from "./fields.ts";
import type { RamBlocks } from "./content.ts";

/** The device of a description that names none. */
const DEVICE = "0000:00:05.0/vfio";

/** How a source tells that all pages of a round are sent: a word behind each round, or the end of each section. */
export type ForgeBarriers = "round" | "section";

/** The destination that a stream is meant for; what is not said is QEMU's default. */
export interface ForgeDestination {
  /** Its version. */
  readonly qemu: string;
  /** Capability `multifd`; on if the source has channels. */
  readonly multifd: boolean;
  /** Parameter `multifd-channels`; as many as the source has. */
  readonly channels: number;
  /** Parameter `multifd-compression`. */
  readonly compression?: string;
  /** Capability `mapped-ram`. */
  readonly mappedRam: boolean;
  /** Capability `switchover-ack`. */
  readonly switchoverAck: boolean;
  /** Its VFIO devices; those of the source. */
  readonly devices: readonly string[];
  /** `x-migration-multifd-transfer` of its VFIO devices. */
  readonly multifdTransfer: string;
  /** `x-migration-load-config-after-iter` of its VFIO devices. */
  readonly loadConfigAfterIter?: string;
  /** `x-migration-max-queued-buffers-size` of its VFIO devices, bytes. */
  readonly maxQueuedSize?: number;
  /** More arguments of its command line. */
  readonly args: readonly string[];
}

/** One thing that the source does, and where in the description it is. */
export interface ForgeStep {
  /** What: a key of the table of steps. */
  readonly name: string;
  /** Its value, as it stands in the description. */
  readonly value: unknown;
  /** Where it stands. */
  readonly path: string;
}

/** A stream in a few lines: who takes part, and what the source does, in order. */
export interface ForgeDescription {
  /** What it shows, in one line. */
  readonly title: string;
  /** What `load` says of it: `ok`, or kind and code, `error(duplicate-idx)`. */
  readonly expect?: string;
  /** Options of `load` with which it says so. */
  readonly load: readonly string[];
  /** What else to know. */
  readonly note?: string;
  /** Machine type of both sides. */
  readonly machine: string;
  /** Multifd channels of the source; 0: none. */
  readonly channels: number;
  /** How the source tells rounds. */
  readonly barriers: ForgeBarriers;
  /** RAM blocks. */
  readonly ram: RamBlocks;
  /** VFIO devices of the source, by the names of their sections. */
  readonly devices: readonly string[];
  /** Who it is for. */
  readonly destination: ForgeDestination;
  /** What the source does. */
  readonly steps: readonly ForgeStep[];
}

/**
 * Reads a description from the value that its YAML or JSON stands for.
 *
 * @param value The value.
 * @returns The description.
 * @throws {ForgeError} With the place of what is missing, unknown, or of the wrong kind.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { forgeDescription } from "@migwire/migwire/forge";
 *
 * const { channels, steps } = forgeDescription({ title: "a gap", steps: ["setup", { data: 1 }, "finish"] });
 * assertEquals([channels, steps.map(({ name }) => name)], [2, ["setup", "data", "finish"]]);
 * ```
 */
export function forgeDescription(value: unknown): ForgeDescription {
  if (!isMapping(value)) throw new ForgeError("it", "is not a mapping with a title and steps");
  const fields = new Fields(value, "");
  const title = fields.text("title");
  const steps = fields.list("steps", stepOf);
  if (title === undefined) throw new ForgeError("title", "is missing");
  if (steps === undefined) throw new ForgeError("steps", "is missing: what the source does, in order");
  const expect = fields.text("expect");
  const note = fields.text("note");
  const channels = fields.number("channels", 255) ?? 2;
  const devices = fields.list("devices", textOf) ?? [DEVICE];
  const description = {
    title,
    ...(expect === undefined ? {} : { expect }),
    load: fields.list("load", textOf) ?? [],
    ...(note === undefined ? {} : { note }),
    machine: fields.text("machine") ?? "pc-q35-10.2",
    channels,
    barriers: fields.choice("barriers", ["round", "section"]) ?? "round",
    ram: fields.take("ram", blocksOf) ?? { "pc.ram": 16 * 1024 * 1024 },
    devices,
    destination: destinationOf(fields.take("destination", (inner) => inner), channels, devices),
    steps,
  };
  fields.end();
  return description;
}

function stepOf(value: unknown, path: string): ForgeStep {
  if (typeof value === "string") return { name: value, value: undefined, path: `${path}.${value}` };
  const [entry, ...more] = isMapping(value) ? Object.entries(value) : [];
  if (entry === undefined || more.length > 0) throw new ForgeError(path, "is neither a word nor one name with a value");
  return { name: entry[0], value: entry[1], path: `${path}.${entry[0]}` };
}

function blocksOf(value: unknown, path: string): RamBlocks {
  if (!isMapping(value)) throw new ForgeError(path, "is not a mapping of names to sizes");
  return Object.fromEntries(Object.entries(value).map(([name, size]) => [name, numberOf(size, `${path}.${name}`)]));
}

function destinationOf(value: unknown, channels: number, devices: readonly string[]): ForgeDestination {
  const fields = new Fields(value, "destination");
  const compression = fields.text("multifd-compression");
  const loadConfigAfterIter = fields.text("load-config-after-iter");
  const maxQueuedSize = fields.number("max-queued-size");
  const destination = {
    qemu: fields.text("qemu") ?? "10.2.2",
    multifd: fields.flag("multifd") ?? channels > 0,
    channels: fields.number("multifd-channels", 255) ?? Math.max(channels, 1),
    ...(compression === undefined ? {} : { compression }),
    mappedRam: fields.flag("mapped-ram") ?? false,
    switchoverAck: fields.flag("switchover-ack") ?? false,
    devices: fields.list("devices", textOf) ?? devices,
    multifdTransfer: fields.text("multifd-transfer") ?? "auto",
    ...(loadConfigAfterIter === undefined ? {} : { loadConfigAfterIter }),
    ...(maxQueuedSize === undefined ? {} : { maxQueuedSize }),
    args: fields.list("args", textOf) ?? [],
  };
  fields.end();
  return destination;
}
