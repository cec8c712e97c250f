import { nulPadded, reserved, u32, u64 } from "../fields.ts";
import { type Struct, struct } from "../struct.ts";
import { multifdPageCount } from "./constants.ts";
import { type MultifdContext, qemuIsBefore } from "./context.ts";
import { KNOWN_FLAGS, startRows } from "./packet_start.ts";
import { offsetRows } from "./page_offsets.ts";
import { RamChecks } from "./ram_checks.ts";
import type { MultifdRamHeader } from "./ram_header.ts";
import { rule } from "./rules.ts";

/**
 * The header of a RAM packet for pages of `pageSize` bytes, 320 + 8 × page count bytes, checked against what `context`
 * knows, in QEMU's order (multifd.md §4.2, §4a.2, §9). `channelId` stands in QEMU's texts.
 *
 * Error codes: `magic`, `version` (both fatal), `pages`, `normal`, `zero`, `block`, `offset`, `compression`,
 * `codec-size`, `codec-empty`, `codec-length`. Warnings: `flags`, `reserved`, `trailing-text`, `alignment`,
 * `stale-offset`, `length`, `sync-pages`.
 *
 * @param pageSize Target page size in bytes, a power of two from 1024 to 524288.
 * @param context What the destination knows; what is absent is not checked.
 * @param channelId Number of the channel.
 * @returns The table.
 * @throws {RangeError} If no target has such pages.
 *
 * @example A SYNC packet
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MULTIFD_FLAG, multifdRamHeader } from "@migwire/migwire/wire";
 *
 * const layout = multifdRamHeader(4096);
 * const bytes = layout.encode({
 *   magic: 0x11223344,
 *   version: 1,
 *   flags: MULTIFD_FLAG.SYNC,
 *   pagesAlloc: 0,
 *   normalPages: 0,
 *   nextPacketSize: 0,
 *   packetNum: 5n,
 *   zeroPages: 0,
 *   ramblock: "",
 *   pageSize: 4096,
 *   pageOffsets: [],
 * });
 * assertEquals(bytes.length, 1344);
 * assertEquals(layout.decode(bytes).packetNum, 5n);
 * ```
 */
export function multifdRamHeader(
  pageSize: number,
  context: MultifdContext = {},
  channelId = 0,
): Struct<MultifdRamHeader> {
  const checks = new RamChecks(pageSize, context, channelId);
  const offsetsLength = 8 * multifdPageCount(pageSize);
  return struct<MultifdRamHeader>("multifd packet", [
    ...startRows<MultifdRamHeader>(context, KNOWN_FLAGS),
    u32("pagesAlloc", { check: (pages) => checks.pagesAlloc(pages) }),
    u32("normalPages", { check: (pages, before) => checks.normalPages(pages, before) }),
    u32("nextPacketSize"),
    u64("packetNum"),
    u32("zeroPages", { check: (pages, before) => checks.zeroPages(pages, before) }),
    reserved("unused32", 4),
    reserved("unused64", 24),
    nulPadded("ramblock", 256, { check: (name, before) => checks.ramblock(name, before) }),
    { name: "pageSize", read: (_, into) => void (into.pageSize = pageSize), write(): void {} },
    ...offsetRows<MultifdRamHeader>(pageSize, qemuIsBefore(context, 9, 0)),
    // What QEMU checks when it has the whole header, in its order; the numbers count back from the header's end.
    rule("pageOffsets", offsetsLength, (header) => checks.offsets(header)),
    rule("flags", offsetsLength + 312, (header) => checks.compression(header)),
    rule("nextPacketSize", offsetsLength + 300, (header) => checks.payload(header)),
    rule("flags", offsetsLength + 312, (header) => checks.sync(header)),
  ]);
}
