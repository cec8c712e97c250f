/**
 * What a QEMU can load of its devices' states, as its option `-dump-vmstate` writes it: JSON, an object whose members
 * are device types. States that are registered by code and not by a type of device (`timer`, `cpu`, `globalstate`,
 * `ram`, …) are not in it.
 *
 * @module
 */

/** The output of `-dump-vmstate`. */
export interface VmstateDump {
  /** Machine type that QEMU was started with, its full name. Absent in dumps before QEMU 2.2. */
  readonly machine?: string;
  /** Device types by name, in the order of the dump. */
  readonly types: ReadonlyMap<string, DumpedType>;
}

/** A device type. */
export interface DumpedType {
  /** Its name: `virtio-net-device`. */
  readonly name: string;
  /** Version that it writes. */
  readonly version: number;
  /** Oldest version that it reads. */
  readonly minimumVersion: number;
  /** Layout of its state; absent where the dump does not give it. */
  readonly vmsd?: DumpedVmsd;
}

/** A VMStateDescription: how a body is laid out. */
export interface DumpedVmsd {
  /** Its name: `virtio-net`. The name in a section's idstr, behind the device's path. */
  readonly name: string;
  /** Version that it writes. */
  readonly version: number;
  /** Oldest version that it reads. */
  readonly minimumVersion: number;
  /** Fields, in order; absent if the dump has no such entry. */
  readonly fields?: readonly DumpedField[];
  /** Subsections that it knows; absent if the dump has no such entry. */
  readonly subsections?: readonly DumpedVmsd[];
}

/** A field. The dump says neither its encoding nor how long arrays of a variable length are. */
export interface DumpedField {
  /** Its name. */
  readonly name: string;
  /** It is there from this version of the vmsd on, if it is not conditional. */
  readonly version: number;
  /** A function of QEMU decides whether it is there. */
  readonly conditional: boolean;
  /** Bytes in QEMU's memory, of one element of an array; those on the wire are as many for plain numbers and buffers. */
  readonly size: number;
  /** Elements of an array of a fixed length; QEMU tells it from 8.2 on. */
  readonly count?: number;
  /** Layout of the structure that it is. */
  readonly vmsd?: DumpedVmsd;
}

/**
 * A text that is no output of `-dump-vmstate`.
 *
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * import { parseVmstateDump, VmstateDumpError } from "@migwire/migwire/wire";
 *
 * assertThrows(() => parseVmstateDump("[]"), VmstateDumpError);
 * ```
 */
export class VmstateDumpError extends Error {
  /** The class's name. */
  override readonly name = "VmstateDumpError";
}

/** QEMU's deepest have less than ten structures inside of each other. */
const MAX_DEPTH = 50;

/** The entry that is no device type. */
const MACHINE = "vmschkmachine";

/**
 * Reads what `-dump-vmstate` has written.
 *
 * @param text The JSON.
 * @returns The device types and what they load.
 * @throws {VmstateDumpError} If it is not what QEMU writes; the message says where.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseVmstateDump } from "@migwire/migwire/wire";
 *
 * const { machine, types } = parseVmstateDump(`{
 *   "vmschkmachine": { "Name": "pc-i440fx-10.0" },
 *   "e1000": {
 *     "Name": "e1000", "version_id": 3, "minimum_version_id": 1,
 *     "Description": {
 *       "name": "e1000", "version_id": 3, "minimum_version_id": 1,
 *       "Fields": [{ "field": "rxbuf_size", "version_id": 0, "field_exists": false, "size": 4 }]
 *     }
 *   }
 * }`);
 * assertEquals(machine, "pc-i440fx-10.0");
 * assertEquals(types.get("e1000")?.vmsd?.fields?.[0]?.name, "rxbuf_size");
 * ```
 */
export function parseVmstateDump(text: string): VmstateDump {
  let top: JsonObject;
  try {
    top = object(JSON.parse(text), "the dump");
  } catch (cause) {
    if (cause instanceof VmstateDumpError) throw cause;
    throw new VmstateDumpError(`Cannot read the dump: it is not JSON (${(cause as Error).message})`, { cause });
  }
  const types = new Map<string, DumpedType>();
  let machine: string | undefined;
  for (const [name, value] of Object.entries(top)) {
    const entry = object(value, name);
    if (name === MACHINE) machine = string(entry["Name"], `${name}.Name`);
    else types.set(name, typeOf(entry, name));
  }
  if (types.size === 0) {
    throw new VmstateDumpError("Cannot read the dump: it has no device type. QEMU writes one with -dump-vmstate FILE");
  }
  return { ...(machine === undefined ? {} : { machine }), types };
}

type JsonObject = { readonly [key: string]: unknown };

function typeOf(entry: JsonObject, name: string): DumpedType {
  const description = entry["Description"];
  return {
    name,
    ...versions(entry, name),
    ...(description === undefined ? {} : { vmsd: vmsdOf(description, `${name}.Description`, 0) }),
  };
}

function vmsdOf(value: unknown, at: string, depth: number): DumpedVmsd {
  if (depth > MAX_DEPTH) throw wrong(at, "is nested deeper than anything QEMU writes");
  const entry = object(value, at);
  const { Fields: fields, Subsections: subsections } = entry;
  return {
    name: string(entry["name"], `${at}.name`),
    ...versions(entry, at),
    ...(fields === undefined ? {} : {
      fields: list(fields, `${at}.Fields`).map((field, i) => fieldOf(field, `${at}.Fields[${i}]`, depth)),
    }),
    ...(subsections === undefined ? {} : {
      subsections: list(subsections, `${at}.Subsections`).map((one, i) =>
        vmsdOf(one, `${at}.Subsections[${i}]`, depth + 1)
      ),
    }),
  };
}

function fieldOf(value: unknown, at: string, depth: number): DumpedField {
  const entry = object(value, at);
  const { num, field_exists: conditional, Description: description } = entry;
  if (typeof conditional !== "boolean") throw wrong(`${at}.field_exists`, "is neither true nor false");
  return {
    name: string(entry["field"], `${at}.field`),
    version: integer(entry["version_id"], `${at}.version_id`),
    conditional,
    size: integer(entry["size"], `${at}.size`),
    ...(num === undefined ? {} : { count: integer(num, `${at}.num`) }),
    ...(description === undefined ? {} : { vmsd: vmsdOf(description, `${at}.Description`, depth + 1) }),
  };
}

function versions(entry: JsonObject, at: string): { readonly version: number; readonly minimumVersion: number } {
  return {
    version: integer(entry["version_id"], `${at}.version_id`),
    minimumVersion: integer(entry["minimum_version_id"], `${at}.minimum_version_id`),
  };
}

function object(value: unknown, at: string): JsonObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw wrong(at, "is not an object");
}

function list(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(at, "is not an array");
}

function string(value: unknown, at: string): string {
  if (typeof value === "string") return value;
  throw wrong(at, "is not a string");
}

function integer(value: unknown, at: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw wrong(at, "is not an integer");
}

function wrong(at: string, problem: string): VmstateDumpError {
  return new VmstateDumpError(`Cannot read the dump: ${at} ${problem}. QEMU writes one with -dump-vmstate FILE`);
}
