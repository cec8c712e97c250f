import type { FindingDraft } from "./finding.ts";
import {
  isJsonObject,
  type Json,
  JsonError,
  type JsonObject,
  member,
  parseJsonWithDuplicates,
} from "./json_with_duplicates.ts";

/** What a source says about its device sections, behind the end of the stream (main-channel.md §4). */
export interface VmDescription {
  /** Target page size in bytes. */
  readonly pageSize?: number;
  /** The CONFIGURATION section; sources before about 8.2 do not describe it. */
  readonly configuration?: VmsdDescription;
  /** The SECTION_FULLs, in the order of the stream. Iterable entries are not among them. */
  readonly devices: readonly DeviceDescription[];
}

/** How a vmstate body is laid out: fields, then subsections (main-channel.md §8.5). */
export interface VmsdDescription {
  /** Name of QEMU's VMStateDescription; prefix of its subsections' names. */
  readonly vmsdName?: string;
  /** Version that the fields are of. */
  readonly version?: number;
  /** Fields that are in the stream, in order. */
  readonly fields: readonly FieldDescription[];
  /** Subsections that are in the stream, in order. */
  readonly subsections: readonly VmsdDescription[];
}

/** The description of one SECTION_FULL. */
export interface DeviceDescription extends VmsdDescription {
  /** The section's idstr. */
  readonly name: string;
  /** The section's instance_id. */
  readonly instanceId: number;
}

/** The description of a field, of an array's element, or of a run of equal elements. */
export interface FieldDescription {
  /** QEMU's name; `name[k]` where several fields of one vmsd are called the same. */
  readonly name: string;
  /** QEMU's name of the encoding (main-channel.md §8.2). */
  readonly type: string;
  /** Bytes of one element, everything inside included. */
  readonly size: number;
  /** Number of equal elements that this stands for. Not always true: see {@linkcode runsOf}. */
  readonly arrayLen?: number;
  /** Number of the element that this describes. */
  readonly index?: number;
  /** The structure inside, for type `struct`. Without fields where QEMU up to 9.2 met a NULL pointer. */
  readonly struct?: VmsdDescription;
  /** Structures described without a `struct` around them: one for `tmp` and `vstruct`, one an element for lists. */
  readonly inline: readonly VmsdDescription[];
}

/** What is wrong, and on the way out where. */
class Malformed extends Error {
  path = "";

  /** Adds what this is inside of. */
  within(step: string): this {
    this.path = this.path === "" || this.path.startsWith("[") ? `${step}${this.path}` : `${step}.${this.path}`;
    return this;
  }
}

/**
 * Reads the text of a VM description (main-channel.md §4, §8.5). What is malformed is told to `report`, with offsets in
 * the text: a device that cannot be understood is left out.
 *
 * @param text The JSON text.
 * @param report Receives findings, all of them warnings with code `vm-description`: QEMU does not look at the text.
 * @returns The description; `undefined` when nothing can be understood.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseVmDescription } from "@migwire/migwire/wire";
 *
 * const description = parseVmDescription('{"page_size": 4096, "devices": [{"name": "timer", "instance_id": 0, ' +
 *   '"vmsd_name": "timer", "version": 2, "fields": [{"name": "cpu_ticks_offset", "type": "int64", "size": 8}]}]}');
 * assertEquals(description?.pageSize, 4096);
 * assertEquals(description?.devices[0]?.fields[0]?.type, "int64");
 * ```
 */
export function parseVmDescription(
  text: string,
  report: (finding: FindingDraft) => void = () => {},
): VmDescription | undefined {
  const note = (error: Malformed | JsonError): void =>
    report({
      severity: "warning",
      code: "vm-description",
      offset: error instanceof JsonError ? error.position : 0,
      ...(error instanceof Malformed ? { field: error.path } : {}),
      message: `VM description is malformed: ${error instanceof Malformed ? `${error.path} ` : ""}${error.message}`,
      qemu: "reads the description and drops it, whatever it says",
    });
  /** What `read` gives, or nothing and a finding. */
  const tolerant = <T>(step: string, read: () => T): T | undefined => {
    try {
      return inside(step, read);
    } catch (error) {
      if (!(error instanceof Malformed || error instanceof JsonError)) throw error;
      note(error);
      return undefined;
    }
  };
  return tolerant("", () => {
    const top = object(parseJsonWithDuplicates(text));
    const pageSize = tolerant("page_size", () => optional(member(top, "page_size"), count));
    const configuration = tolerant("configuration", () => optional(member(top, "configuration"), vmsd));
    const devices = list(member(top, "devices")).map((item, i) => tolerant(`devices[${i}]`, () => device(item)));
    return {
      ...(pageSize === undefined ? {} : { pageSize }),
      ...(configuration === undefined ? {} : { configuration }),
      devices: devices.filter((item) => item !== undefined),
    };
  });
}

/** Runs `read`, and names `step` in what it throws. */
function inside<T>(step: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof Malformed ? error.within(step) : error;
  }
}

function device(json: Json): DeviceDescription {
  const from = object(json);
  return {
    name: inside("name", () => string(member(from, "name"))),
    instanceId: inside("instance_id", () => count(member(from, "instance_id"))),
    ...described(from.members.filter(([key]) => key !== "name")),
  };
}

function vmsd(json: Json): VmsdDescription {
  return described(object(json).members);
}

/** A vmsd from its members; keys that are not a vmsd's are passed over. */
function described(members: JsonObject["members"]): VmsdDescription {
  const found: { -readonly [K in keyof VmsdDescription]: VmsdDescription[K] } = { fields: [], subsections: [] };
  for (const [key, value] of members) {
    inside(key, () => {
      if (key === "vmsd_name") found.vmsdName = string(value);
      else if (key === "version") found.version = integer(value);
      else if (key === "fields") found.fields = items(value, field);
      else if (key === "subsections") found.subsections = items(value, vmsd);
    });
  }
  return found;
}

function field(json: Json): FieldDescription {
  const from = object(json);
  const own = <T>(key: string, read: (value: Json | undefined) => T): T => inside(key, () => read(member(from, key)));
  const arrayLen = own("array_len", (value) => optional(value, count));
  const index = own("index", (value) => optional(value, count));
  const struct = own("struct", (value) => optional(value, vmsd));
  return {
    name: own("name", string),
    type: own("type", string),
    size: own("size", count),
    ...(arrayLen === undefined ? {} : { arrayLen }),
    ...(index === undefined ? {} : { index }),
    ...(struct === undefined ? {} : { struct }),
    inline: inlineVmsds(from.members),
  };
}

/** The keys of a vmsd directly in a field, once an element: each `vmsd_name` begins another one. */
function inlineVmsds(members: JsonObject["members"]): VmsdDescription[] {
  const groups: (JsonObject["members"][number])[][] = [];
  for (const entry of members) {
    if (entry[0] === "vmsd_name") groups.push([]);
    groups.at(-1)?.push(entry);
  }
  return groups.map(described);
}

function items<T>(json: Json, read: (item: Json) => T): T[] {
  return list(json).map((item, i) => inside(`[${i}]`, () => read(item)));
}

function optional<T>(json: Json | undefined, read: (json: Json) => T): T | undefined {
  return json === undefined ? undefined : read(json);
}

function object(json: Json | undefined): JsonObject {
  if (isJsonObject(json)) return json;
  throw new Malformed("is not an object");
}

function list(json: Json | undefined): readonly Json[] {
  if (Array.isArray(json)) return json;
  throw new Malformed("is not an array");
}

function string(json: Json | undefined): string {
  if (typeof json === "string") return json;
  throw new Malformed("is not a string");
}

function integer(json: Json | undefined): number {
  if (typeof json === "number" && Number.isSafeInteger(json)) return json;
  throw new Malformed("is not an integer");
}

/** A number of something: no size on the wire needs more than 32 bits. */
function count(json: Json | undefined): number {
  const value = integer(json);
  if (value >= 0 && value <= 0xffff_ffff) return value;
  throw new Malformed(`is ${value}, not a number of 32 bits`);
}
