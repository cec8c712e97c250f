import { type Fault, u32 } from "../fields.ts";
import { type Field, type Struct, struct } from "../struct.ts";
import { describeMultifdFlags, MULTIFD_FLAG } from "./constants.ts";
import { type MultifdContext, qemuIsBefore } from "./context.ts";
import { magicRule, versionRule } from "./rules.ts";

/** What all packets begin with: 12 bytes (multifd.md §3). */
export interface MultifdPacketStart {
  /** 0x11223344. */
  magic: number;
  /** 1. */
  version: number;
  /** Bits of `MULTIFD_FLAG`. */
  flags: number;
}

/** Every flag bit that some QEMU gives a meaning to. */
export const KNOWN_FLAGS: number = Object.values(MULTIFD_FLAG).reduce<number>((all, bit) => all | bit, 0);

function unknownFlags(flags: number, known: number): Fault | undefined {
  const unknown = (flags & ~known) >>> 0;
  if (unknown === 0) return undefined;
  return {
    code: "flags",
    severity: "warning",
    message: `has bits 0x${unknown.toString(16)} that mean nothing here; QEMU ignores them`,
  };
}

/** The rows that every packet's structure begins with. Flags outside of `known` are a warning. */
export function startRows<T extends MultifdPacketStart>(context: MultifdContext, known: number): Field<T>[] {
  const before9 = qemuIsBefore(context, 9, 0);
  const wording = (what: string, found: string, expected: string): string =>
    `multifd: received packet ${what} ${found}${before9 ? ` and expected ${what}` : ", expected"} ${expected}`;
  const rows: Field<MultifdPacketStart>[] = [
    u32("magic", magicRule(wording)),
    u32("version", versionRule(wording)),
    u32("flags", { check: (flags) => unknownFlags(flags, known), meaning: describeMultifdFlags }),
  ];
  return rows as Field<T>[];
}

/**
 * The 12 bytes that tell which kind of packet it is (multifd.md §3). Codes: `magic` and `version`, both fatal.
 *
 * @param context What the destination knows: its version words QEMU's texts.
 * @returns The table.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MULTIFD_FLAG, multifdPacketStart } from "@migwire/migwire/wire";
 *
 * const { flags } = multifdPacketStart().decode(Uint8Array.fromHex("11223344" + "00000001" + "00000040"));
 * assertEquals(flags, MULTIFD_FLAG.DEVICE_STATE);
 * ```
 */
export function multifdPacketStart(context: MultifdContext = {}): Struct<MultifdPacketStart> {
  // The packet's own structure judges the flags; here they only decide which structure that is.
  return struct<MultifdPacketStart>("multifd packet header", startRows(context, 0xffffffff));
}
