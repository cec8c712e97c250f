/** First word of the initial packet and of every packet. */
export const MULTIFD_MAGIC = 0x11223344;

/** Second word of the initial packet and of every packet. */
export const MULTIFD_VERSION = 1;

/** Most bytes of RAM that one packet describes, whatever the page size. */
export const MULTIFD_PACKET_SIZE = 524288;

/** Largest payload that QEMU's zlib, zstd and qatzip receivers have room for: twice a packet. */
export const MULTIFD_CODEC_BUFFER_SIZE = 2 * MULTIFD_PACKET_SIZE;

/** Length of the initial packet. */
export const MULTIFD_INIT_LENGTH = 64;

/** Length of what all packets begin with: magic, version, flags. */
export const MULTIFD_START_LENGTH = 12;

/** Length of a device-state packet's header. */
export const MULTIFD_DEVICE_STATE_LENGTH = 276;

/** Page sizes of QEMU's targets, the most frequent first. */
export const MULTIFD_PAGE_SIZES: readonly number[] = [4096, 8192, 16384, 65536, 1024];

/** Bits of a packet's flags (multifd.md §3.1). */
export const MULTIFD_FLAG = {
  /** All channels meet here. */
  SYNC: 0x01,
  /** Pages are compressed with zlib. */
  ZLIB: 0x02,
  /** Pages are compressed with zstd. */
  ZSTD: 0x04,
  /** Each page is compressed by itself, by Intel's QPL (9.1 and later). */
  QPL: 0x08,
  /** Each page is compressed by itself, by UADK (9.1 and later). */
  UADK: 0x10,
  /** Pages are compressed as gzip, by Intel's QAT (9.2 and later). */
  QATZIP: 0x20,
  /** State of a device, no RAM (10.0 and later). */
  DEVICE_STATE: 0x40,
} as const;

/** The flags that say how pages are compressed: none or exactly one is set. */
export const MULTIFD_COMPRESSION_MASK = 0x3e;

/** How the pages of a packet are compressed. */
export type MultifdCompression = "none" | "zlib" | "zstd" | "qpl" | "uadk" | "qatzip";

/** The flag bits of each compression method. */
export const MULTIFD_COMPRESSION_FLAGS: Readonly<Record<MultifdCompression, number>> = {
  none: 0,
  zlib: MULTIFD_FLAG.ZLIB,
  zstd: MULTIFD_FLAG.ZSTD,
  qpl: MULTIFD_FLAG.QPL,
  uadk: MULTIFD_FLAG.UADK,
  qatzip: MULTIFD_FLAG.QATZIP,
};

const METHODS = Object.keys(MULTIFD_COMPRESSION_FLAGS) as MultifdCompression[];

/**
 * Whether a value is a method as the parameter `multifd-compression` names it (multifd.md §3.1).
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isMultifdCompression } from "./constants.ts";
 *
 * assert(isMultifdCompression("qatzip") && !isMultifdCompression("lz4"));
 * ```
 */
export function isMultifdCompression(value: unknown): value is MultifdCompression {
  return typeof value === "string" && Object.hasOwn(MULTIFD_COMPRESSION_FLAGS, value);
}

/**
 * The compression method that the flags of a packet name (multifd.md §3.1); undefined if they name several.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { multifdCompression } from "@migwire/migwire/wire";
 *
 * assertEquals(multifdCompression(0x04), "zstd");
 * assertEquals(multifdCompression(0x01), "none");
 * assertEquals(multifdCompression(0x06), undefined);
 * ```
 */
export function multifdCompression(flags: number): MultifdCompression | undefined {
  const bits = flags & MULTIFD_COMPRESSION_MASK;
  return METHODS.find((method) => MULTIFD_COMPRESSION_FLAGS[method] === bits);
}

/**
 * The names of the bits in a packet's flags (multifd.md §3.1), for people.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { describeMultifdFlags } from "@migwire/migwire/wire";
 *
 * assertEquals(describeMultifdFlags(0x41), "SYNC | DEVICE_STATE");
 * assertEquals(describeMultifdFlags(0), "no compression");
 * ```
 */
export function describeMultifdFlags(flags: number): string {
  const names: string[] = [];
  let rest = flags;
  for (const [name, bit] of Object.entries(MULTIFD_FLAG)) {
    if ((flags & bit) !== 0) names.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) names.push(`unknown 0x${(rest >>> 0).toString(16)}`);
  return names.length === 0 ? "no compression" : names.join(" | ");
}

/**
 * Pages that fit into one packet. Throws `RangeError` for a page size (in bytes) that no QEMU target can have.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { multifdPageCount } from "./constants.ts";
 *
 * assertEquals(multifdPageCount(4096), 128);
 * ```
 */
export function multifdPageCount(pageSize: number): number {
  if (isMultifdPageSize(pageSize)) return MULTIFD_PACKET_SIZE / pageSize;
  throw new RangeError(`Cannot use ${pageSize} as page size: a power of two from 1024 to 524288 is wanted`);
}

/** Whether packets can have pages of so many bytes: targets with smaller ones have no multifd. */
export function isMultifdPageSize(pageSize: number): boolean {
  const count = MULTIFD_PACKET_SIZE / pageSize;
  return Number.isInteger(count) && count <= MULTIFD_PACKET_SIZE / 1024 && (count & (count - 1)) === 0;
}

/**
 * Length in bytes of a RAM packet's header, which depends on the page size and is not on the wire (multifd.md §1.6).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { multifdRamHeaderLength } from "./constants.ts";
 *
 * assertEquals(multifdRamHeaderLength(4096), 1344);
 * assertEquals(multifdRamHeaderLength(65536), 384);
 * ```
 */
export function multifdRamHeaderLength(pageSize: number): number {
  return 320 + 8 * multifdPageCount(pageSize);
}
