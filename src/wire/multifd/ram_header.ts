import { decodeText, encodeText } from "../../bytes/mod.ts";
import { upToNul } from "../fields.ts";
import { MULTIFD_COMPRESSION_MASK, MULTIFD_FLAG } from "./constants.ts";
import type { MultifdPacketStart } from "./packet_start.ts";
import type { PageOffsets } from "./page_offsets.ts";

/** Header of a RAM packet, and the whole of a SYNC packet (multifd.md §4.1). */
export interface MultifdRamHeader extends MultifdPacketStart, PageOffsets {
  /** Pages that there is room for; 0 in the SYNC packets of newer writers. */
  pagesAlloc: number;
  /** Length of the payload in bytes; stale where there is no page with content. */
  nextPacketSize: number;
  /** Number that the source gave the packet, counting over all channels. */
  packetNum: bigint;
  /** 4 bytes that writers leave zero. */
  unused32?: Uint8Array;
  /** 24 bytes that writers leave zero. */
  unused64?: Uint8Array;
  /** The block that all pages belong to; {@linkcode multifdBlockName} gives the name that QEMU looks up. */
  ramblock: string;
}

/**
 * The name of the block as QEMU looks it up: up to the first NUL, at most 255 bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { multifdBlockName } from "./ram_header.ts";
 *
 * assertEquals(multifdBlockName({ ramblock: "pc.ram" }), "pc.ram");
 * assertEquals(multifdBlockName({ ramblock: "r".repeat(256) }).length, 255);
 * ```
 */
export function multifdBlockName(header: Pick<MultifdRamHeader, "ramblock">): string {
  return decodeText(encodeText(upToNul(header.ramblock)).subarray(0, 255));
}

/**
 * Length in bytes of the payload that follows a RAM packet's header. There is one if and only if pages have content:
 * QEMU 7.2 sends left-over headers whose `nextPacketSize` is stale, and ignores the field where nothing is compressed
 * (multifd.md §4.3, §4a).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { multifdPayloadLength } from "./ram_header.ts";
 *
 * assertEquals(multifdPayloadLength({ flags: 0, normalPages: 2, nextPacketSize: 1 }, 4096), 8192);
 * assertEquals(multifdPayloadLength({ flags: 2, normalPages: 2, nextPacketSize: 99 }, 4096), 99);
 * assertEquals(multifdPayloadLength({ flags: 2, normalPages: 0, nextPacketSize: 99 }, 4096), 0);
 * ```
 */
export function multifdPayloadLength(
  header: Pick<MultifdRamHeader, "flags" | "normalPages" | "nextPacketSize">,
  pageSize: number,
): number {
  if (header.normalPages === 0) return 0;
  return (header.flags & MULTIFD_COMPRESSION_MASK) === 0 ? header.normalPages * pageSize : header.nextPacketSize;
}

/** Whether the packet only marks a synchronisation point, without pages. */
export function isPureSync(header: Pick<MultifdRamHeader, "flags" | "normalPages" | "zeroPages">): boolean {
  return (header.flags & MULTIFD_FLAG.SYNC) !== 0 && header.normalPages === 0 && header.zeroPages === 0;
}
