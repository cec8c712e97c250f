import {
  isMultifdPageSize,
  MULTIFD_PAGE_SIZES,
  multifdPayloadLength,
  type MultifdRamHeader,
  multifdRamHeader,
  multifdRamHeaderLength,
  type Struct,
} from "../../wire/mod.ts";
import { type Item, sentLength } from "../item.ts";
import type { Lane } from "../lane.ts";
import { DealError } from "./deal_error.ts";
import { firstItemBytes } from "./item_bytes.ts";
import { laneParts } from "./lane_parts.ts";

/** Bytes of a header that say how long its packet is. */
const LENGTHS_END = 24;

/** Reads the headers of RAM and SYNC packets with pages of one size. */
export class RamPackets {
  /** How headers are read and written. */
  readonly layout: Struct<MultifdRamHeader>;
  /** Bytes of a header. */
  readonly headerLength: number;
  readonly #pageSize: number;

  /** Packets with pages of `pageSize` bytes. */
  constructor(pageSize: number) {
    this.#pageSize = pageSize;
    this.layout = multifdRamHeader(pageSize);
    this.headerLength = multifdRamHeaderLength(pageSize);
  }

  /** The header of a packet. Throws {@linkcode DealError} `page-size` if its length does not fit to it. */
  header(item: Item): MultifdRamHeader {
    const bytes = firstItemBytes(item, this.headerLength);
    if (fits(item, bytes, this.#pageSize)) return this.layout.decode(bytes);
    throw new DealError(
      "page-size",
      `Cannot deal the ${item.kind} packet at ${item.offset}: it is no packet with pages of ${this.#pageSize} bytes`,
      "say the page size of the machine",
    );
  }
}

/** The page size of RAM packets, which is not on the wire: the one that fits their lengths. */
export function findPageSize(lanes: readonly Lane[]): number {
  const [usual = 4096] = MULTIFD_PAGE_SIZES;
  // The usual ones first: a packet of one page with 4 KiB is as long as one with 1 KiB.
  const rare = Array.from({ length: 10 }, (_, i) => 1024 << i).filter((size) => !MULTIFD_PAGE_SIZES.includes(size));
  let possible = [...MULTIFD_PAGE_SIZES, ...rare].filter(isMultifdPageSize);
  for (const lane of lanes) {
    for (const item of laneParts(lane)) {
      if (item.kind !== "multifd-ram" && item.kind !== "multifd-sync") continue;
      const bytes = firstItemBytes(item, LENGTHS_END);
      possible = possible.filter((pageSize) => fits(item, bytes, pageSize));
      if (possible.length < 2) return possible[0] ?? usual;
    }
  }
  return possible[0] ?? usual;
}

/** Whether a packet is as long as its header, which begins with `bytes`, makes one with such pages. */
function fits(item: Item, bytes: Uint8Array, pageSize: number): boolean {
  if (bytes.length < LENGTHS_END) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const packet = { flags: view.getUint32(8), normalPages: view.getUint32(16), nextPacketSize: view.getUint32(20) };
  return multifdRamHeaderLength(pageSize) + multifdPayloadLength(packet, pageSize) === sentLength(item);
}
