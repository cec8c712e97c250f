/** Records of the `ram` section and of the postcopy-preempt channel (main-channel.md §5, §11, §12). @module */

import type { ByteWriter } from "../bytes/mod.ts";
import type { Decoder } from "./decoder.ts";
import { cstr8, i32, type Rules, size64, u16, u32, u8, when } from "./fields.ts";
import { hex } from "./finding.ts";
import { type Field, type Struct, struct } from "./struct.ts";

/** Flag bits of a record's first word (§5.1). */
export const RAM_SAVE_FLAG = {
  /** A page of one repeated byte. */
  ZERO: 0x002,
  /** The block list. */
  MEM_SIZE: 0x004,
  /** A page. */
  PAGE: 0x008,
  /** End of the body. */
  EOS: 0x010,
  /** Modifier: same block as the page record before, no name. */
  CONTINUE: 0x020,
  /** A page as a difference. */
  XBZRLE: 0x040,
  /** RDMA only. */
  HOOK: 0x080,
  /** A compressed page, up to 9.0. */
  COMPRESS_PAGE: 0x100,
  /** Every multifd channel sends a SYNC packet here, 8.1 and later. */
  MULTIFD_FLUSH: 0x200,
} as const;

/** Bits of the word that are flags; with the pages of avr the upper two belong to the offset. */
const FLAGS_MASK = 0x3ff;

/** Pages of avr, which leave no room for the flags above HOOK; those of other targets have at least 1024 bytes. */
const SMALLEST_PAGE = 256;

/** Larger than the pages of any target, which have up to 16 KiB. */
const LARGEST_PAGE = 65536;

/**
 * Whether a target can have pages of so many bytes.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isTargetPageSize } from "./ram.ts";
 *
 * assert(isTargetPageSize(4096));
 * assert(!isTargetPageSize(3000));
 * ```
 */
export function isTargetPageSize(bytes: number): boolean {
  return bytes >= SMALLEST_PAGE && bytes <= LARGEST_PAGE && (bytes & (bytes - 1)) === 0;
}

/** First word of every record: a byte offset, with flags in its low bits. */
export interface RamWord {
  /** Offset of the page in its block; the total length of all blocks in a block list. */
  pageOffset: number;
  /** {@linkcode RAM_SAVE_FLAG} bits. */
  flags: number;
}

/**
 * Names of the flag bits that are set, QEMU's.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ramFlagNames } from "./ram.ts";
 *
 * assertEquals(ramFlagNames(0x28), "PAGE|CONTINUE");
 * ```
 */
export function ramFlagNames(flags: number): string {
  const names = Object.entries(RAM_SAVE_FLAG).filter(([, bit]) => (flags & bit) !== 0).map(([name]) => name);
  const unknown = Object.values(RAM_SAVE_FLAG).reduce((rest, bit) => rest & ~bit, flags);
  return [...names, ...(unknown === 0 ? [] : [hex(unknown)])].join("|") || "0";
}

function ramWord<T extends RamWord>(): Field<T> {
  return {
    name: "word",
    read(decoder: Decoder, into: Partial<T>): void {
      decoder.need(8);
      const start = decoder.offset;
      const high = decoder.u32();
      const low = decoder.u32();
      if (high > 0x1fffff) {
        decoder.fail({ code: "offset", field: "word", offset: start, message: "page offset is beyond any memory" });
      }
      into.flags = low & FLAGS_MASK;
      into.pageOffset = high * 0x1_0000_0000 + (low - into.flags);
      decoder.trace?.({
        offset: start,
        length: 8,
        field: "word",
        value: `${hex(into.pageOffset)} | ${hex(into.flags)}`,
        meaning: `${into.flags & RAM_SAVE_FLAG.MEM_SIZE ? "total bytes" : "offset in the block"} | ${
          ramFlagNames(into.flags)
        }`,
      });
    },
    write(writer: ByteWriter, from: Readonly<T>): void {
      writer.u32(Math.floor(from.pageOffset / 0x1_0000_0000));
      writer.u32((from.pageOffset % 0x1_0000_0000) | from.flags);
    },
  };
}

/**
 * A record that is nothing but its word, 8 bytes: EOS, MULTIFD_FLUSH, HOOK (main-channel.md §5.8 to §5.10). Code:
 * `offset`, fatal, as for each of these records, where the word is beyond 2^53 bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RAM_SAVE_FLAG, ramMark } from "@migwire/migwire/wire";
 *
 * assertEquals(
 *   ramMark.encode({ pageOffset: 0, flags: RAM_SAVE_FLAG.MULTIFD_FLUSH }),
 *   Uint8Array.fromHex("0000000000000200"),
 * );
 * ```
 */
export const ramMark: Struct<RamWord> = struct<RamWord>("RAM record", [ramWord()]);

/** Beginning of a page record of any kind. */
export interface RamPageHeader extends RamWord {
  /** Name of the block; absent with CONTINUE. */
  block?: string;
}

const notContinued = ({ flags = 0 }: Readonly<Partial<RamPageHeader>>): boolean =>
  (flags & RAM_SAVE_FLAG.CONTINUE) === 0;

const pageHeader = <T extends RamPageHeader>(): Field<T>[] => [
  ramWord<T>(),
  when<T>(notContinued, cstr8<RamPageHeader>("block") as Field<T>),
];

/**
 * Layout of what stands before a page (main-channel.md §5.3); its contents follow as payload, as many bytes as a target
 * page has.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RAM_SAVE_FLAG, ramPageHeader } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("0000000000003008" + "0670632e72616d");
 * const { PAGE } = RAM_SAVE_FLAG;
 * assertEquals(ramPageHeader.decode(bytes), { pageOffset: 0x3000, flags: PAGE, block: "pc.ram" });
 * ```
 */
export const ramPageHeader: Struct<RamPageHeader> = struct<RamPageHeader>("RAM page", pageHeader());

/** A page of one byte value (§5.4). */
export interface RamZero extends RamPageHeader {
  /** The byte; 0 from every source. */
  fill: number;
}

/**
 * Layout of a page of one byte value (main-channel.md §5.4). Code: `fill` for a value that is not 0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RAM_SAVE_FLAG, ramZero } from "@migwire/migwire/wire";
 *
 * const flags = RAM_SAVE_FLAG.ZERO | RAM_SAVE_FLAG.CONTINUE;
 * assertEquals(ramZero.encode({ pageOffset: 0x4000, flags, fill: 0 }), Uint8Array.fromHex("0000000000004022" + "00"));
 * ```
 */
export const ramZero: Struct<RamZero> = struct<RamZero>("RAM zero page", [
  ...pageHeader<RamZero>(),
  u8("fill", {
    check: (fill) =>
      fill === 0
        ? undefined
        : { code: "fill", message: `is ${fill}, expected 0`, qemu: `Found a zero page with value ${fill}` },
  }),
]);

/** A page as a difference to its last content (§5.5); the encoded data follow as payload. */
export interface RamXbzrle extends RamPageHeader {
  /** 1. */
  encoding: number;
  /** Bytes of encoded data. */
  encodedLength: number;
}

/**
 * Layout of what stands before a page's difference (main-channel.md §5.5), which {@linkcode decodeXbzrle} applies.
 * Code: `xbzrle-encoding`, fatal.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ramXbzrle } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("0000000000005060" + "01" + "0003" + "05017f");
 * assertEquals(ramXbzrle.decode(bytes), { pageOffset: 0x5000, flags: 0x60, encoding: 1, encodedLength: 3 });
 * ```
 */
export const ramXbzrle: Struct<RamXbzrle> = struct<RamXbzrle>("XBZRLE page", [
  ...pageHeader<RamXbzrle>(),
  u8("encoding", {
    check: (encoding) =>
      encoding === 1 ? undefined : {
        code: "xbzrle-encoding",
        message: `is ${encoding}, expected 1`,
        qemu: "Failed to load XBZRLE page - wrong compression!",
        fatal: true,
      },
  }),
  u16("encodedLength"),
]);

/** A compressed page (§5.6); the zlib stream follows as payload. */
export interface RamCompressPage extends RamPageHeader {
  /** Bytes of the zlib stream. */
  compressedLength: number;
}

/**
 * Layout of what stands before a page's zlib stream (main-channel.md §5.6), up to QEMU 9.0.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ramCompressPage } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("0000000000006120" + "0000001b");
 * assertEquals(ramCompressPage.decode(bytes), { pageOffset: 0x6000, flags: 0x120, compressedLength: 27 });
 * ```
 */
export const ramCompressPage: Struct<RamCompressPage> = struct<RamCompressPage>("compressed page", [
  ...pageHeader<RamCompressPage>(),
  i32("compressedLength"),
]);

/** What mapped-ram puts behind a block's entry (§12.1). */
export interface MappedRamHeader {
  /** 1. */
  version: number;
  /** Target page size, bytes. */
  pageSize: number;
  /** File offset of the bitmap: right behind this header. */
  bitmapOffset: number;
  /** File offset of the pages. */
  pagesOffset: number;
}

/**
 * Layout of what a mapped-ram file has behind a block's entry, 28 bytes (main-channel.md §12.1). Codes:
 * `mapped-ram-version` and `page-size`, both fatal.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mappedRamHeader } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("00000001" + "0000000000001000" + "0000000000001234" + "0000000000100000");
 * assertEquals(mappedRamHeader.decode(bytes), {
 *   version: 1,
 *   pageSize: 4096,
 *   bitmapOffset: 0x1234,
 *   pagesOffset: 0x100000,
 * });
 * ```
 */
export const mappedRamHeader: Struct<MappedRamHeader> = struct<MappedRamHeader>("mapped-ram header", [
  u32("version", {
    check: (version) =>
      version <= 1 ? undefined : {
        code: "mapped-ram-version",
        message: `is ${version}, at most 1 is known`,
        qemu: `Migration mapped-ram capability version not supported (expected <= 1, got ${version})`,
        fatal: true,
      },
  }),
  size64("pageSize", {
    check: (size) =>
      isTargetPageSize(size)
        ? undefined
        : { code: "page-size", message: `is ${size}, no target has such pages`, fatal: true },
  }),
  size64("bitmapOffset"),
  size64("pagesOffset"),
]);

/** An entry of the block list (§5.2). */
export interface RamBlockEntry {
  /** Name of the block. */
  block: string;
  /** Bytes in use. */
  usedLength: number;
  /** Host page size, bytes; present only with postcopy, where it is not the usual one. */
  hostPageSize?: number;
  /** Guest physical address, bytes; present with x-ignore-shared. */
  address?: number;
  /** Present with mapped-ram. */
  mapped?: MappedRamHeader;
}

/** Which optional parts the entries of a block list have: nothing in the list itself tells. */
export interface BlockListShape {
  /** x-ignore-shared: each entry has an address. */
  readonly addresses: boolean;
  /** mapped-ram: each entry has a header. */
  readonly mapped: boolean;
  /** Host page sizes that an entry may state, OR-ed, from POSTCOPY_ADVISE; 0n for none. */
  readonly hostPageSizes: bigint;
}

/**
 * A page-size word is a power of two from the advice; what else may stand there is a name, whose length byte is not
 * zero, or a flag word, which is smaller than any page (§5.2).
 */
function hostPageSizeFollows(decoder: Decoder, sizes: bigint): boolean {
  if (!decoder.canPeek(1) || decoder.bytes[decoder.pos] !== 0 || !decoder.canPeek(8)) return false;
  const start = decoder.pos;
  const value = decoder.u64();
  decoder.pos = start;
  return value >= 0x1000n && (value & (value - 1n)) === 0n && (value & sizes) !== 0n;
}

/** A row that is read if the shape of the list says so, and written if the value is there. */
function present<T>(row: Field<T>, there: (decoder: Decoder) => boolean): Field<T> {
  return {
    name: row.name,
    read(decoder, into): void {
      if (there(decoder)) row.read(decoder, into);
    },
    write(writer, from): void {
      if ((from as { [key: string]: unknown })[row.name] !== undefined) row.write(writer, from);
    },
  };
}

const usedLengthRules: Rules<RamBlockEntry, number> = {
  check: (length) =>
    length % SMALLEST_PAGE === 0
      ? undefined
      : { code: "block-length", severity: "warning", message: `is ${length}, not a multiple of any page size` },
};

/**
 * Layout of an entry in a block list of the given shape (main-channel.md §5.2). Codes: `block`, fatal, and the warning
 * `block-length`.
 *
 * @param shape What the stream's capabilities and POSTCOPY_ADVISE tell of it.
 * @returns The table.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ramBlockEntry } from "@migwire/migwire/wire";
 *
 * const entry = ramBlockEntry({ addresses: true, mapped: false, hostPageSizes: 0n });
 * const bytes = Uint8Array.fromHex("0670632e72616d" + "0000000000002000" + "00000000fee00000");
 * assertEquals(entry.decode(bytes), { block: "pc.ram", usedLength: 0x2000, address: 0xfee00000 });
 * ```
 */
export function ramBlockEntry(shape: BlockListShape): Struct<RamBlockEntry> {
  return struct<RamBlockEntry>("RAM block", [
    cstr8("block", {
      check: (name) =>
        name.length > 0 ? undefined : { code: "block", fatal: true, message: "is empty: the list is not in step" },
    }),
    size64("usedLength", usedLengthRules),
    present(size64("hostPageSize"), (decoder) => hostPageSizeFollows(decoder, shape.hostPageSizes)),
    present(size64("address"), () => shape.addresses),
    present({
      name: "mapped",
      read(decoder, into): void {
        into.mapped = decoder.within("mapped", () => mappedRamHeader.read(decoder));
      },
      write(writer, from): void {
        if (from.mapped !== undefined) mappedRamHeader.write(writer, from.mapped);
      },
    }, () => shape.mapped),
  ]);
}

/** The block list (§5.2). With mapped-ram only the word: the entries are records of their own, with bitmap and pages. */
export interface RamBlockList extends RamWord {
  /** Entries, as many as it takes to make up the total. */
  blocks: RamBlockEntry[];
}

/** Blocks that are believed: machines have a few dozen, and a list must not take more memory than it brings. */
const RAM_BLOCK_LIMIT = 10_000;

/**
 * Layout of a block list of the given shape (main-channel.md §5.2): the word's offset is the total of all blocks, in
 * bytes, and as many entries follow as make it up. Codes: `block-total`, `block-count` (more than 10000) and those of
 * {@linkcode ramBlockEntry}.
 *
 * @param shape What the stream's capabilities and POSTCOPY_ADVISE tell of it.
 * @returns The table.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ramBlockList } from "@migwire/migwire/wire";
 *
 * const list = ramBlockList({ addresses: false, mapped: false, hostPageSizes: 0n });
 * const bytes = Uint8Array.fromHex("0000000000002004" + "0670632e72616d" + "0000000000002000");
 * assertEquals(list.decode(bytes).blocks, [{ block: "pc.ram", usedLength: 0x2000 }]);
 * ```
 */
export function ramBlockList(shape: BlockListShape): Struct<RamBlockList> {
  const entry = ramBlockEntry(shape);
  return struct<RamBlockList>("RAM block list", [
    ramWord(),
    {
      name: "blocks",
      read(decoder, into): void {
        const blocks: RamBlockEntry[] = [];
        const { pageOffset: total = 0 } = into;
        let left = shape.mapped ? 0 : total;
        while (left > 0) {
          const start = decoder.offset;
          const block = decoder.within(`blocks[${blocks.length}]`, () => entry.read(decoder));
          if (block.usedLength > left) {
            decoder.fail({
              code: "block-total",
              field: "usedLength",
              offset: start,
              message:
                `blocks add up to more than the total: "${block.block}" has ${block.usedLength} bytes, ${left} were left`,
            });
          }
          left -= block.usedLength;
          blocks.push(block);
          if (blocks.length > RAM_BLOCK_LIMIT) {
            decoder.fail({ code: "block-count", offset: start, message: `more than ${RAM_BLOCK_LIMIT} RAM blocks` });
          }
        }
        into.blocks = blocks;
      },
      write(writer, from): void {
        for (const block of from.blocks) entry.write(writer, block);
      },
    },
  ]);
}

/**
 * Bytes of a block's bitmap in a mapped-ram file: one bit a page, in 64-bit words (main-channel.md §12.1).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { mappedBitmapBytes } from "./ram.ts";
 *
 * assertEquals(mappedBitmapBytes(128 * 1024 * 1024, 4096), 4096);
 * ```
 */
export function mappedBitmapBytes(usedLength: number, pageSize: number): number {
  return Math.ceil(usedLength / pageSize / 64) * 8;
}

/**
 * Largest result of zlib for one page, in bytes: QEMU's compressBound (main-channel.md §5.6).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compressBound } from "./ram.ts";
 *
 * assertEquals(compressBound(4096), 4110);
 * ```
 */
export function compressBound(pageSize: number): number {
  return pageSize + (pageSize >> 12) + (pageSize >> 14) + (pageSize >> 25) + 13;
}
