import type { Fault } from "../fields.ts";
import { pageCodecFault } from "./codec_rules.ts";
import {
  MULTIFD_COMPRESSION_FLAGS,
  MULTIFD_COMPRESSION_MASK,
  MULTIFD_FLAG,
  multifdCompression,
  multifdPageCount,
} from "./constants.ts";
import { type MultifdContext, qemuIsBefore } from "./context.ts";
import { multifdBlockName, type MultifdRamHeader } from "./ram_header.ts";
import { trailingText } from "./rules.ts";

/** The checks of a RAM packet, in the words of the QEMU that `context` names. */
export class RamChecks {
  readonly #context: MultifdContext;
  readonly #pageSize: number;
  readonly #pageCount: number;
  readonly #channelId: number;
  readonly #before9: boolean;

  /** The checks for pages of `pageSize` bytes on channel `channelId`. */
  constructor(pageSize: number, context: MultifdContext, channelId: number) {
    this.#context = context;
    this.#pageSize = pageSize;
    this.#pageCount = multifdPageCount(pageSize);
    this.#channelId = channelId;
    this.#before9 = qemuIsBefore(context, 9, 0);
  }

  /** Check 1 of multifd.md §4.2. */
  pagesAlloc(pages: number): Fault | undefined {
    const most = this.#pageCount;
    if (pages <= most) return undefined;
    return {
      code: "pages",
      message: `is ${pages}, at most ${most} pages of ${this.#pageSize} bytes fit into a packet`,
      qemu: this.#before9
        ? `multifd: received packet with size ${pages} and expected a size of ${most}`
        : `multifd: received packet with ${pages} pages, expected ${most}`,
    };
  }

  /** Check 2. */
  normalPages(pages: number, { pagesAlloc = 0 }: Readonly<Partial<MultifdRamHeader>>): Fault | undefined {
    if (pages <= pagesAlloc) return undefined;
    return {
      code: "normal",
      message: `is ${pages}, more than pagesAlloc (${pagesAlloc})`,
      qemu: this.#before9
        ? `multifd: received packet with ${pages} pages and expected maximum pages are ${pagesAlloc}`
        : `multifd: received packet with ${pages} non-zero pages, which exceeds maximum expected pages ${pagesAlloc}`,
    };
  }

  /** Check 3. */
  zeroPages(pages: number, before: Readonly<Partial<MultifdRamHeader>>): Fault | undefined {
    const { pagesAlloc = 0, normalPages = 0 } = before;
    const most = Math.max(0, pagesAlloc - normalPages);
    // Before 9.0 the field did not exist, and where the normal pages are already too many QEMU gets no further.
    if (pages <= most || this.#before9 || normalPages > pagesAlloc) return undefined;
    return {
      code: "zero",
      message: `is ${pages}, but only ${most} pages are left of pagesAlloc`,
      qemu: `multifd: received packet with ${pages} zero pages, expected maximum ${most}`,
    };
  }

  /** Check 5. */
  ramblock(_: string, before: Readonly<Partial<MultifdRamHeader>>): Fault | undefined {
    const header = before as MultifdRamHeader;
    const name = multifdBlockName(header);
    const { blocks } = this.#context;
    if (hasPages(header) && blocks !== undefined && !blocks.has(name)) {
      return {
        code: "block",
        message: `is "${name}", which the destination does not have`,
        qemu: `multifd: unknown ram block ${name}`,
      };
    }
    return trailingText(header.ramblock);
  }

  /** Check 6. */
  offsets(header: Readonly<MultifdRamHeader>): Fault | undefined {
    const used = this.#context.blocks?.get(multifdBlockName(header));
    const offsets = header.exactOffsets ?? header.pageOffsets;
    if (used !== undefined) {
      // QEMU subtracts without sign: a block shorter than a page lets nearly every offset pass.
      const last = BigInt.asUintN(64, BigInt(used - this.#pageSize));
      const wrong = offsets.find((offset) => offset > last);
      if (wrong !== undefined) {
        return {
          code: "offset",
          message: `has 0x${wrong.toString(16)}, the block ends at 0x${used.toString(16)}`,
          qemu: `multifd: offset too long ${wrong} (max ${used.toString(16)})`,
        };
      }
    }
    const odd = header.pageOffsets.find((offset) => offset % this.#pageSize !== 0);
    if (odd === undefined) return undefined;
    return {
      code: "alignment",
      severity: "warning",
      message: `has 0x${odd.toString(16)}, which is no multiple of the page size; QEMU does not mind`,
    };
  }

  /** Check 7, and what is wrong with the bits themselves. */
  compression(header: Readonly<MultifdRamHeader>): Fault | undefined {
    const { compression } = this.#context;
    const bits = header.flags & MULTIFD_COMPRESSION_MASK;
    const has = `has compression bits 0x${bits.toString(16)}`;
    if (compression === undefined) {
      if (multifdCompression(bits) !== undefined || !hasPages(header)) return undefined;
      return { code: "compression", message: `${has}, which is more than one method` };
    }
    if (bits === MULTIFD_COMPRESSION_FLAGS[compression]) return undefined;
    if (!hasPages(header)) {
      if (bits === 0) return undefined;
      return {
        code: "flags",
        severity: "warning",
        message: `${has}, the destination expects ${compression}; QEMU does not look at them in a packet without pages`,
      };
    }
    // QEMU's uadk receiver prints zlib's bit by mistake.
    const printed = MULTIFD_COMPRESSION_FLAGS[compression === "uadk" ? "zlib" : compression];
    return {
      code: "compression",
      message: `${has}, the destination expects ${compression}`,
      qemu: `multifd ${this.#channelId}: flags received ${bits.toString(16)} flags expected ${printed.toString(16)}`,
    };
  }

  /** The length of the payload (§4a.2). */
  payload(header: Readonly<MultifdRamHeader>): Fault | undefined {
    const method = multifdCompression(header.flags);
    if (method === undefined) return undefined;
    if (method !== "none") return pageCodecFault(method, header, this.#channelId);
    const expected = header.normalPages * this.#pageSize;
    if (header.normalPages === 0 || header.nextPacketSize === expected) return undefined;
    return {
      code: "length",
      severity: "warning",
      message: `is ${header.nextPacketSize}, the pages take ${expected} bytes; QEMU ignores the field`,
    };
  }

  /** SYNC together with pages (§4.3). */
  sync(header: Readonly<MultifdRamHeader>): Fault | undefined {
    if (this.#before9 || (header.flags & MULTIFD_FLAG.SYNC) === 0 || !hasPages(header)) return undefined;
    return {
      code: "sync-pages",
      severity: "warning",
      message: "has SYNC in a packet with pages, as only QEMU before 9.0 sends it",
    };
  }
}

function hasPages(header: Pick<MultifdRamHeader, "normalPages" | "zeroPages">): boolean {
  return header.normalPages > 0 || header.zeroPages > 0;
}
