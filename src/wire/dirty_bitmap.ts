/** Records of the `dirty-bitmap` section (main-channel.md §6). @module */

import type { ByteWriter } from "../bytes/mod.ts";
import { cstr8, u32, u64, u8, when } from "./fields.ts";
import { hex } from "./finding.ts";
import { type Struct, struct } from "./struct.ts";

/** Flag bits of a record (§6.1). */
export const DIRTY_BITMAP_FLAG = {
  /** Last record of the body. */
  EOS: 0x01,
  /** With BITS: all zero, no buffer. */
  ZEROES: 0x02,
  /** A bitmap alias follows. */
  BITMAP_NAME: 0x04,
  /** A node alias follows. */
  DEVICE_NAME: 0x08,
  /** A bitmap begins. */
  START: 0x10,
  /** A bitmap is complete. */
  COMPLETE: 0x20,
  /** Bits of a bitmap. */
  BITS: 0x40,
  /** Another flags byte follows. */
  EXTRA_FLAGS: 0x80,
} as const;

/** A record; bits follow as payload. */
export interface DirtyBitmapRecord {
  /** Flags as they stand in the stream: 1, 2 or 4 bytes, of which QEMU uses the last. */
  flagBytes: number[];
  /** The flags that count. */
  flags: number;
  /** Node alias, where it changed. */
  node?: string;
  /** Bitmap alias, where it changed. */
  bitmap?: string;
  /** START: bytes a bit stands for. */
  granularity?: number;
  /** START: 1 enabled, 2 persistent, 4 autoload (ignored). */
  bitmapFlags?: number;
  /** BITS: first 512-byte sector. */
  firstSector?: bigint;
  /** BITS: sectors covered. */
  sectorCount?: number;
  /** BITS without ZEROES: bytes of bits that follow. */
  bufferLength?: bigint;
}

const F = DIRTY_BITMAP_FLAG;
const has = ({ flags = 0 }: Readonly<Partial<DirtyBitmapRecord>>, bit: number): boolean => (flags & bit) !== 0;
/** QEMU takes the first of START, COMPLETE and BITS that is set. */
const isStart = (r: Readonly<Partial<DirtyBitmapRecord>>): boolean => has(r, F.START);
const isBits = (r: Readonly<Partial<DirtyBitmapRecord>>): boolean =>
  has(r, F.BITS) && !has(r, F.START) && !has(r, F.COMPLETE);

/** Most bytes of bits in a record; a destination refuses more. */
const BUFFER_LIMIT = 10240n;

/**
 * Layout of a record of the `dirty-bitmap` section (main-channel.md §6.1 to §6.3); with BITS, `bufferLength` bytes
 * follow. Codes: `granularity`, `bitmap-flags`, and `bitmap-buffer`, fatal, for more than 10240 bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { DIRTY_BITMAP_FLAG, dirtyBitmapRecord } from "@migwire/migwire/wire";
 *
 * const { DEVICE_NAME, BITMAP_NAME, START } = DIRTY_BITMAP_FLAG;
 * const flags = DEVICE_NAME | BITMAP_NAME | START;
 * const bytes = dirtyBitmapRecord.encode({
 *   flagBytes: [flags],
 *   flags,
 *   node: "disk",
 *   bitmap: "b0",
 *   granularity: 65536,
 *   bitmapFlags: 1,
 * });
 * assertEquals(bytes, Uint8Array.fromHex("1c" + "046469736b" + "026230" + "00010000" + "01"));
 * ```
 */
export const dirtyBitmapRecord: Struct<DirtyBitmapRecord> = struct<DirtyBitmapRecord>("dirty bitmap record", [
  {
    name: "flags",
    read(decoder, into): void {
      const start = decoder.offset;
      let flags = decoder.u8();
      const flagBytes = [flags];
      if ((flags & F.EXTRA_FLAGS) !== 0) {
        flagBytes.push(flags = decoder.u8());
        if ((flags & F.EXTRA_FLAGS) !== 0) flagBytes.push(decoder.u8(), flags = decoder.u8());
      }
      into.flagBytes = flagBytes;
      into.flags = flags;
      decoder.trace?.({
        offset: start,
        length: flagBytes.length,
        field: "flags",
        value: hex(flags),
        meaning: Object.entries(F).filter(([, bit]) => has(into, bit)).map(([name]) => name).join("|"),
      });
    },
    write(writer: ByteWriter, from): void {
      for (const byte of from.flagBytes) writer.u8(byte);
    },
  },
  when((r) => has(r, F.DEVICE_NAME), cstr8("node")),
  when((r) => has(r, F.BITMAP_NAME), cstr8("bitmap")),
  when(
    isStart,
    u32("granularity", {
      check: (granularity) =>
        granularity >= 512 && (granularity & (granularity - 1)) === 0 ? undefined : {
          code: "granularity",
          message: `is ${granularity}, not a power of two of at least 512`,
          qemu: "aborts on an assertion",
        },
    }),
    u8("bitmapFlags", {
      check: (flags) =>
        (flags & 0xf8) === 0 ? undefined : {
          code: "bitmap-flags",
          message: `has reserved bits: ${hex(flags)}`,
          qemu: `Unknown flags in migrated dirty bitmap header: ${flags.toString(16)}`,
        },
    }),
  ),
  when(isBits, u64("firstSector"), u32("sectorCount")),
  when(
    (r) => isBits(r) && !has(r, F.ZEROES),
    u64("bufferLength", {
      check: (length) =>
        length <= BUFFER_LIMIT ? undefined : {
          code: "bitmap-buffer",
          message: `is ${length}, at most ${BUFFER_LIMIT} are taken`,
          qemu: "Bitmap migration stream buffer allocation request is too large",
          fatal: true,
        },
    }),
  ),
]);
