/** Live block migration as it was up to 9.0: section `block` (main-channel.md §7.5). @module */

import { cstr8, u64, when } from "./fields.ts";
import { hex } from "./finding.ts";
import { type Struct, struct } from "./struct.ts";

/** Flags in the low 9 bits of a record's word. */
export const BLK_MIG_FLAG = {
  /** A block of a device. */
  DEVICE_BLOCK: 0x01,
  /** End of the body. */
  EOS: 0x02,
  /** Percent done. */
  PROGRESS: 0x04,
  /** Modifier: the block is zero and not sent. */
  ZERO_BLOCK: 0x08,
} as const;

/** Bytes of a block. */
export const BLK_MIG_BLOCK_BYTES = 1 << 20;

/** A record; a block of 1 MiB follows as payload unless it is zero. */
export interface BlockMigrationRecord {
  /** Sector or percent, and flags. */
  word: bigint;
  /** DEVICE_BLOCK: name of the device. */
  device?: string;
}

/** The low bits that hold flags. */
export function blockMigrationFlags({ word = 0n }: Readonly<Partial<BlockMigrationRecord>>): number {
  return Number(word & 0x1ffn);
}

/**
 * Layout of a record of the section `block` (main-channel.md §7.5), up to QEMU 9.0; a block of 1 MiB follows unless it
 * is zero. Code: `flags`, fatal.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { blockMigrationRecord } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("0000000000100009" + "06766972746930");
 * const { word, device } = blockMigrationRecord.decode(bytes);
 * assertEquals([word >> 9n, device], [2048n, "virti0"]); // a sector, and a device whose block there is zero
 * ```
 */
export const blockMigrationRecord: Struct<BlockMigrationRecord> = struct<BlockMigrationRecord>("block migration", [
  u64("word", {
    meaning: (word) => `${word >> 9n} | ${hex(word & 0x1ffn)}`,
    check: (word) => {
      const flags = blockMigrationFlags({ word });
      if ([0x01, 0x02, 0x04, 0x09].includes(flags)) return undefined;
      return {
        code: "flags",
        fatal: true,
        message: `has flags ${hex(flags)}, which nobody knows`,
        qemu: `Unknown block migration flags: ${hex(flags)}`,
      };
    },
  }),
  when((record) => (blockMigrationFlags(record) & BLK_MIG_FLAG.DEVICE_BLOCK) !== 0, cstr8("device")),
]);
