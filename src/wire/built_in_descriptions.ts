/**
 * Descriptions of sections that nearly every machine has, for streams without a VM description (main-channel.md §8.7).
 *
 * @module
 */

import type { DeviceDescription, FieldDescription, VmsdDescription } from "./vm_description.ts";

function field(name: string, type: string, size: number): FieldDescription {
  return { name, type, size, inline: [] };
}

/** The run state. Before 9.0 it was one buffer of 100 bytes, whose unused ones are zero: it reads the same. */
const GLOBAL_STATE: DeviceDescription = {
  name: "globalstate",
  instanceId: 0,
  vmsdName: "globalstate",
  version: 1,
  fields: [
    field("size", "uint32", 4),
    field("runstate", "buffer", 32),
    field("has_vm_was_suspended", "uint8", 1),
    field("vm_was_suspended", "uint8", 1),
    field("unused", "buffer", 66),
  ],
  subsections: [],
};

/** The guest's clocks. */
const TIMER: DeviceDescription = {
  name: "timer",
  instanceId: 0,
  vmsdName: "timer",
  version: 2,
  fields: [
    field("cpu_ticks_offset", "int64", 8),
    field("unused", "unused_buffer", 8),
    field("cpu_clock_offset", "int64", 8),
  ],
  subsections: [],
};

function cpuCommon(...subsections: VmsdDescription[]): DeviceDescription {
  return {
    name: "cpu_common",
    instanceId: 0,
    vmsdName: "cpu_common",
    version: 1,
    fields: [field("halted", "uint32", 4), field("interrupt_request", "uint32", 4)],
    subsections,
  };
}

const EXCEPTION_INDEX: VmsdDescription = {
  vmsdName: "cpu_common/exception_index",
  version: 1,
  fields: [field("exception_index", "int32", 4)],
  subsections: [],
};

const CRASH_OCCURRED: VmsdDescription = {
  vmsdName: "cpu_common/crash_occurred",
  version: 1,
  fields: [field("crash_occurred", "bool", 1)],
  subsections: [],
};

const ALL: readonly DeviceDescription[] = [
  GLOBAL_STATE,
  TIMER,
  cpuCommon(),
  cpuCommon(EXCEPTION_INDEX),
  cpuCommon(CRASH_OCCURRED),
  cpuCommon(EXCEPTION_INDEX, CRASH_OCCURRED),
];

/**
 * Descriptions that a section of that name and version may have where the stream has none, because the section came
 * before it (main-channel.md §8.5); none for most names. Which of several it is is told by where the body ends.
 *
 * @param idstr Name of the section.
 * @param versionId Its version.
 * @returns The descriptions, the likeliest first.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { builtInDescriptions } from "@migwire/migwire/wire";
 *
 * assertEquals(builtInDescriptions("timer", 2)[0]?.fields.map(({ name }) => name), [
 *   "cpu_ticks_offset",
 *   "unused",
 *   "cpu_clock_offset",
 * ]);
 * assertEquals(builtInDescriptions("ram", 4), []);
 * ```
 */
export function builtInDescriptions(idstr: string, versionId: number): readonly DeviceDescription[] {
  return ALL.filter((description) => description.name === idstr && description.version === versionId);
}
