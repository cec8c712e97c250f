import { hexText } from "../../bytes/mod.ts";
import { bytes, type Fault, reserved, u32, u8 } from "../fields.ts";
import { type Struct, struct } from "../struct.ts";
import { type MultifdContext, qemuIsBefore } from "./context.ts";
import { magicRule, rule, versionRule } from "./rules.ts";

/** The first 64 bytes of a multifd channel (multifd.md §2). */
export interface MultifdInit {
  /** 0x11223344. */
  magic: number;
  /** 1. */
  version: number;
  /** UUID of the source's machine, 16 bytes in RFC 4122 order; all zero if it has none. */
  uuid: Uint8Array;
  /** Number of the channel, 0 to channels − 1. */
  id: number;
  /** 7 bytes that writers leave zero. */
  unused1?: Uint8Array;
  /** 32 bytes that writers leave zero. */
  unused2?: Uint8Array;
}

/**
 * 16 bytes in RFC 4122 order as a UUID in text form, lower case (main-channel.md §2.2, multifd.md §2).
 *
 * @param uuid The bytes.
 * @returns 36 characters.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatUuid } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("00112233445566778899aabbccddeeff");
 * assertEquals(formatUuid(bytes), "00112233-4455-6677-8899-aabbccddeeff");
 * ```
 */
export function formatUuid(uuid: Uint8Array): string {
  return hexText(uuid).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function uuidFault(context: MultifdContext, { uuid, id }: Readonly<MultifdInit>): Fault | undefined {
  const expected = context.uuid?.toLowerCase();
  const found = formatUuid(uuid);
  if (expected === undefined || found === expected) return undefined;
  // QEMU prints the channel as a signed byte.
  const channel = (id << 24) >> 24;
  return {
    code: "uuid",
    message: `is ${found}, the destination has ${expected}`,
    qemu: `multifd: received uuid '${found}' and expected uuid '${expected}' for channel ${channel}`,
  };
}

function idFault(context: MultifdContext, id: number): Fault | undefined {
  const { channels } = context;
  if (channels === undefined || id < channels) return undefined;
  return {
    code: "channel-id",
    message: `is ${id}, with ${channels} channels`,
    qemu: channelIdWords(context, id, channels),
  };
}

/** What QEMU says of a channel's id that is not below the number of channels. */
export function channelIdWords(context: MultifdContext, id: number, channels: number): string {
  if (!qemuIsBefore(context, 11, 0)) return `multifd: received channel id ${id} exceeds channel count ${channels}`;
  // It speaks of the version, which is the right one.
  if (id > channels && qemuIsBefore(context, 9, 0)) return "multifd: received channel version 1 expected 1";
  if (id > channels) return `multifd: received channel id ${id} is greater than number of channels ${channels}`;
  return "undefined behaviour: an id equal to the number of channels passes the check";
}

const wording = (what: string, found: string, expected: string): string =>
  `multifd: received packet ${what} ${found} expected ${expected}`;

/**
 * The initial packet, 64 bytes, checked against what `context` knows (multifd.md §2). Codes: `magic`, `version` (both
 * fatal), `uuid`, `channel-id`, and the warning `reserved`.
 *
 * @param context What the destination knows; what is absent is not checked.
 * @returns The table.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { multifdInit } from "@migwire/migwire/wire";
 *
 * const codes: string[] = [];
 * const layout = multifdInit({ channels: 2 });
 * const bytes = layout.encode({ magic: 0x11223344, version: 1, uuid: new Uint8Array(16), id: 2 });
 * assertEquals(bytes.length, 64);
 * layout.decode(bytes, (finding) => codes.push(finding.code));
 * assertEquals(codes, ["channel-id"]);
 * ```
 */
export function multifdInit(context: MultifdContext = {}): Struct<MultifdInit> {
  return struct<MultifdInit>("multifd initial packet", [
    u32("magic", magicRule(wording)),
    u32("version", versionRule(wording)),
    bytes("uuid", 16, { meaning: formatUuid }),
    u8("id"),
    rule("uuid", 17, (init) => uuidFault(context, init)),
    rule("id", 1, ({ id }) => idFault(context, id)),
    reserved("unused1", 7),
    reserved("unused2", 32),
  ]);
}
