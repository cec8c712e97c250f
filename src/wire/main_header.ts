/** The first bytes of a main channel: file header and configuration (main-channel.md §2). @module */

import type { Decoder } from "./decoder.ts";
import { bytes, cstr8, mustBe, nested, repeated, repeatedWhile, textOf, u32, u8, when } from "./fields.ts";
import { type Struct, struct } from "./struct.ts";

/** `QEVM`. */
export const QEMU_VM_FILE_MAGIC = 0x5145564d;
/** The only version since 2009. */
export const QEMU_VM_FILE_VERSION = 3;

/** File header, 8 bytes (§2.1). */
export interface FileHeader {
  /** {@linkcode QEMU_VM_FILE_MAGIC}. */
  magic: number;
  /** {@linkcode QEMU_VM_FILE_VERSION}. */
  version: number;
}

/**
 * Layout of a file header, 8 bytes (main-channel.md §2.1). Codes: `magic` and `version`, both fatal: what begins
 * otherwise is no stream of QEMU.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { fileHeader, WireError } from "@migwire/migwire/wire";
 *
 * const bytes = fileHeader.encode({ magic: 0x5145564d, version: 3 });
 * assertEquals(bytes, Uint8Array.fromHex("5145564d00000003"));
 *
 * const error = assertThrows(() => fileHeader.decode(Uint8Array.fromHex("5145564d00000002")), WireError);
 * assertEquals(error.finding.qemu, "SaveVM v2 format is obsolete and no longer supported");
 * ```
 */
export const fileHeader: Struct<FileHeader> = struct<FileHeader>("file header", [
  u32(
    "magic",
    mustBe(QEMU_VM_FILE_MAGIC, (found) => ({
      code: "magic",
      fatal: true,
      qemu: `Not a migration stream, magic: ${found.toString(16)} != ${QEMU_VM_FILE_MAGIC.toString(16)}`,
    })),
  ),
  u32(
    "version",
    mustBe(QEMU_VM_FILE_VERSION, (found) => ({
      code: "version",
      fatal: true,
      qemu: found === 2
        ? "SaveVM v2 format is obsolete and no longer supported"
        : `Unsupported migration stream version, file version ${found.toString(16)} != 3`,
    })),
  ),
]);

/** Marks a subsection (§8.4). */
export const QEMU_VM_SUBSECTION = 0x05;

/** A list of names: `configuration/capabilities`. */
export interface CapabilityList {
  /** Number of names. */
  count: number;
  /** Capabilities that are on, of those that are validated: `x-ignore-shared`, `mapped-ram`. */
  names: { name: string }[];
}

/** Capabilities that both sides must agree on; no source names others. */
const VALIDATED_CAPABILITIES = ["x-ignore-shared", "mapped-ram"];

/** Capabilities that are believed: QEMU has some thirty, and a list must not take more memory than it brings. */
const CAPABILITY_LIMIT = 255;

const capabilityName = struct<{ name: string }>("capability", [
  cstr8("name", {
    check: (name) =>
      VALIDATED_CAPABILITIES.includes(name) ? undefined : {
        code: "capability",
        severity: "warning",
        message: `is ${JSON.stringify(name)}, which no source sends`,
        qemu: `Received unknown capability ${name}`,
      },
  }),
]);

/**
 * Layout of the list of capabilities in a configuration (main-channel.md §2.2): a count, then so many names of up to
 * 255 bytes. Codes: the warning `capability` for a name that no source sends, and `capability-count`, fatal, for more
 * than 255 names.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { capabilityList } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("00000001" + "0a6d61707065642d72616d");
 * assertEquals(capabilityList.decode(bytes), { count: 1, names: [{ name: "mapped-ram" }] });
 * ```
 */
export const capabilityList: Struct<CapabilityList> = struct<CapabilityList>("capabilities", [
  u32("count", {
    check: (count) =>
      count <= CAPABILITY_LIMIT
        ? undefined
        : { code: "capability-count", fatal: true, message: `is ${count}, no QEMU has so many capabilities` },
  }),
  repeated("names", ({ count = 0 }) => count, capabilityName),
]);

/** A subsection of the configuration; which of the optional fields is there, its name says (§2.2). */
export interface ConfigurationSubsection {
  /** {@linkcode QEMU_VM_SUBSECTION}. */
  marker: number;
  /** `configuration/target-page-bits`, `configuration/capabilities` or `configuration/uuid`. */
  name: string;
  /** 1. */
  version: number;
  /** log2 of the target's page size. */
  targetPageBits?: number;
  /** Capabilities that source and destination must share. */
  capabilities?: CapabilityList;
  /** UUID of the machine, 16 bytes in RFC 4122 order. */
  uuid?: Uint8Array;
}

const TARGET_PAGE_BITS = "configuration/target-page-bits";
const CAPABILITIES = "configuration/capabilities";
const UUID = "configuration/uuid";
const KNOWN = [TARGET_PAGE_BITS, CAPABILITIES, UUID];

const configurationSubsection = struct<ConfigurationSubsection>("configuration subsection", [
  u8("marker"),
  cstr8("name", {
    check: (name) =>
      KNOWN.includes(name) ? undefined : {
        code: "subsection",
        fatal: true,
        message: `is ${JSON.stringify(name)}, which nobody knows`,
        qemu: `VM subsection '${name.slice(name.indexOf("/") + 1)}' in 'configuration' does not exist`,
      },
  }),
  u32("version", {
    // A destination compares the low 8 bits (§8.4).
    check: (version) =>
      (version & 0xff) <= 1 ? undefined : { code: "subsection-version", message: `is ${version}, at most 1 is known` },
  }),
  when(
    (sub) => sub.name === TARGET_PAGE_BITS,
    u32("targetPageBits", {
      check: (bits) =>
        bits >= 10 && bits <= 16 ? undefined : { code: "page-bits", message: `is ${bits}, no target has such pages` },
      meaning: (bits) => `pages of ${2 ** bits} bytes`,
    }),
  ),
  when((sub) => sub.name === CAPABILITIES, nested("capabilities", capabilityList)),
  when((sub) => sub.name === UUID, bytes("uuid", 16)),
]);

/** Configuration section (§2.2): no section header, no footer. */
export interface Configuration {
  /** 0x07. */
  type: number;
  /** Bytes of the name. */
  nameLength: number;
  /** Machine type as the source resolved it, `pc-q35-10.0`. */
  machine: string;
  /** Those that were needed, in stream order. */
  subsections: ConfigurationSubsection[];
}

/** Subsections that are read: there are three kinds, and each is sent once. What comes behind is no element of a stream. */
const SUBSECTION_LIMIT = 16;

/** Longest machine type name that is believed: QEMU sets no limit, real ones have 30 characters. */
const MACHINE_NAME_LIMIT = 255;
const PREFIX = new TextEncoder().encode("configuration/");

/** Whether a subsection of the configuration follows: the marker, then a name with the right prefix. */
function subsectionFollows(decoder: Decoder): boolean {
  const at = decoder.pos;
  if (!decoder.canPeek(1) || decoder.bytes[at] !== QEMU_VM_SUBSECTION) return false;
  decoder.need(2 + PREFIX.length);
  return PREFIX.every((byte, i) => decoder.bytes[at + 2 + i] === byte);
}

/**
 * Layout of the configuration (main-channel.md §2.2). Where it ends only the next bytes tell: what begins with another
 * byte than 0x05 is no subsection of it. Codes: `machine-name` and `subsection`, both fatal, `subsection-version`,
 * `page-bits`, and the warning `capability`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { configuration } from "@migwire/migwire/wire";
 *
 * const bytes = configuration.encode({ type: 7, nameLength: 11, machine: "pc-q35-10.0", subsections: [] });
 * assertEquals(bytes, Uint8Array.fromHex("07" + "0000000b" + "70632d7133352d31302e30"));
 * assertEquals(configuration.decode(bytes).machine, "pc-q35-10.0");
 * ```
 */
export const configuration: Struct<Configuration> = struct<Configuration>("configuration", [
  u8("type"),
  u32("nameLength", {
    check: (length) =>
      length <= MACHINE_NAME_LIMIT
        ? undefined
        : { code: "machine-name", fatal: true, message: `is ${length}, no machine type has such a name` },
  }),
  textOf("machine", ({ nameLength = 0 }) => nameLength),
  repeatedWhile(
    "subsections",
    (decoder, { length }) => length < SUBSECTION_LIMIT && subsectionFollows(decoder),
    configurationSubsection,
  ),
]);
