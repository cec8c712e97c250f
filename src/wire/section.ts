/** Framing of the main channel: section headers and footers, EOF, VM description (main-channel.md §3, §4). @module */

import { cstr8, mustBe, u32, u8 } from "./fields.ts";
import { type Struct, struct } from "./struct.ts";

/** First byte of an element of the main channel (§1.1). */
export const SECTION_TYPES = {
  /** End of the element list. */
  EOF: 0x00,
  /** Setup of an iterable entry. */
  START: 0x01,
  /** An iteration. */
  PART: 0x02,
  /** Completion of an iterable entry. */
  END: 0x03,
  /** Whole state of an entry that does not iterate. */
  FULL: 0x04,
  /** Only inside of vmstate bodies. */
  SUBSECTION: 0x05,
  /** JSON text that describes the FULL sections. */
  VMDESCRIPTION: 0x06,
  /** Machine type and what source and destination must share. */
  CONFIGURATION: 0x07,
  /** A command to the destination. */
  COMMAND: 0x08,
  /** After each section body. */
  FOOTER: 0x7e,
} as const;

/** Header of a START or FULL section (§3.1). */
export interface LongSectionHeader {
  /** 0x01 or 0x04. */
  type: number;
  /** Number of the entry in this stream. */
  sectionId: number;
  /** Name of the entry: `ram`, `0000:00:05.0/vfio`. */
  idstr: string;
  /** Tells entries of one name apart. */
  instanceId: number;
  /** Version of the entry's format. */
  versionId: number;
}

/**
 * Layout of the header of a START or FULL section (main-channel.md §3.1). Code: `idstr`, fatal, for an empty name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { longSectionHeader, SECTION_TYPES } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("01" + "00000005" + "0372616d" + "00000000" + "00000004");
 * assertEquals(longSectionHeader.decode(bytes), {
 *   type: SECTION_TYPES.START,
 *   sectionId: 5,
 *   idstr: "ram",
 *   instanceId: 0,
 *   versionId: 4,
 * });
 * ```
 */
export const longSectionHeader: Struct<LongSectionHeader> = struct<LongSectionHeader>("section header", [
  u8("type"),
  u32("sectionId"),
  cstr8("idstr", {
    check: (idstr, header) =>
      idstr.length > 0 ? undefined : {
        code: "idstr",
        fatal: true,
        message: "is empty",
        qemu: `Unable to read ID string for section ${header.sectionId}`,
      },
  }),
  u32("instanceId"),
  u32("versionId"),
]);

/** Header of a PART or END section (§3.2). */
export interface ShortSectionHeader {
  /** 0x02 or 0x03. */
  type: number;
  /** Id that a START announced. */
  sectionId: number;
}

/**
 * Layout of the header of a PART or END section, 5 bytes (main-channel.md §3.2).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SECTION_TYPES, shortSectionHeader } from "@migwire/migwire/wire";
 *
 * const bytes = shortSectionHeader.encode({ type: SECTION_TYPES.END, sectionId: 5 });
 * assertEquals(bytes, Uint8Array.fromHex("0300000005"));
 * ```
 */
export const shortSectionHeader: Struct<ShortSectionHeader> = struct<ShortSectionHeader>("section header", [
  u8("type"),
  u32("sectionId"),
]);

/** Footer of any section (§3.3). */
export interface SectionFooter {
  /** 0x7e. */
  marker: number;
  /** Id of the section that ends. */
  sectionId: number;
}

/**
 * Layout of a section's footer, 5 bytes (main-channel.md §3.3). Code: `footer-missing`, fatal. That it names the
 * section before it, its reader checks.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sectionFooter } from "@migwire/migwire/wire";
 *
 * assertEquals(sectionFooter.encode({ marker: 0x7e, sectionId: 5 }), Uint8Array.fromHex("7e00000005"));
 * assertEquals(sectionFooter.decode(Uint8Array.fromHex("7e00000005")).sectionId, 5);
 * ```
 */
export const sectionFooter: Struct<SectionFooter> = struct<SectionFooter>("section footer", [
  u8("marker", mustBe(SECTION_TYPES.FOOTER, () => ({ code: "footer-missing", fatal: true }))),
  u32("sectionId"),
]);

/** The EOF byte (§3.4). */
export interface EndOfStream {
  /** 0x00. */
  type: number;
}

/**
 * Layout of the byte that ends the elements of a main channel (main-channel.md §3.4).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { endOfStream } from "@migwire/migwire/wire";
 *
 * assertEquals(endOfStream.encode({ type: 0 }), Uint8Array.of(0));
 * ```
 */
export const endOfStream: Struct<EndOfStream> = struct<EndOfStream>("EOF", [u8("type")]);

/** Header of the VM description; the text follows as payload (§4). */
export interface VmDescriptionHeader {
  /** 0x06. */
  type: number;
  /** Bytes of text. */
  textLength: number;
}

/**
 * Layout of what stands before the VM description, 5 bytes (main-channel.md §4).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vmDescriptionHeader } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("06" + "00000002"); // then "{}"
 * assertEquals(vmDescriptionHeader.decode(bytes), { type: 6, textLength: 2 });
 * ```
 */
export const vmDescriptionHeader: Struct<VmDescriptionHeader> = struct<VmDescriptionHeader>("VM description", [
  u8("type"),
  u32("textLength"),
]);

/** Letters of a section's name at most: what is more QEMU cuts off. */
const IDSTR_LIMIT = 255;

/**
 * Whether a section with a state of that name can be called so: QEMU puts the place of the device, if it has one, before
 * the name of its vmstate (main-channel.md §3.1).
 *
 * @param idstr Name of the section.
 * @param vmsdName Name of the vmstate, as the VM description tells it.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isNamedAfterState } from "./section.ts";
 *
 * assert(isNamedAfterState("timer", "timer"));
 * assert(isNamedAfterState("0000:00:02.0/e1000e", "e1000e"));
 * assert(!isNamedAfterState("stopwatch", "timer"));
 * ```
 */
export function isNamedAfterState(idstr: string, vmsdName: string): boolean {
  return idstr === vmsdName || idstr.endsWith(`/${vmsdName}`) || idstr.length >= IDSTR_LIMIT;
}

/**
 * What a destination says that has no such section, in the words of the newest QEMU (main-channel.md §3.1).
 *
 * @param section Name and instance, as a FULL or START section has them.
 *
 * @example
 * ```ts
 * import { assertMatch } from "@std/assert";
 * import { unknownSection } from "./section.ts";
 *
 * assertMatch(unknownSection({ idstr: "timer", instanceId: 0 }), /^Unknown section or instance 'timer' 0\./);
 * ```
 */
export function unknownSection({ idstr, instanceId }: { readonly idstr: string; readonly instanceId: number }): string {
  return `Unknown section or instance '${idstr}' ${instanceId}. Make sure that your current VM setup matches your saved VM ` +
    "setup, including any hotplugged devices";
}
