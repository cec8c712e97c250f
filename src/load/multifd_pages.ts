import type { ReadChannel } from "../capture/values.ts";
import type { MultifdRamRecord } from "../stream/mod.ts";
import {
  MULTIFD_CODEC_BUFFER_SIZE,
  MULTIFD_FLAG,
  multifdBlockName,
  type MultifdCompression,
  multifdCompression,
} from "../wire/mod.ts";
import { createPageCodec, type PageCodec } from "../wire/codec.ts";
import { readRange } from "./channel_bytes.ts";
import type { Problems } from "./problems.ts";
import type { PageOrigin, RamBlocks } from "./ram_blocks.ts";
import { IntervalClock } from "./write_order.ts";

/** A packet whose pages have to wait. */
interface Waiting {
  readonly packet: MultifdRamRecord;
  readonly method: MultifdCompression;
  readonly origin: PageOrigin;
}

/**
 * Loads the RAM packets of one multifd channel (multifd.md §4). zstd is decompressed by {@linkcode finish}: until then
 * the headers of its packets are kept, some KiB for each half MiB of pages.
 */
export class MultifdPages {
  /** Counts its SYNCs. */
  readonly clock: IntervalClock = new IntervalClock();
  readonly #blocks: RamBlocks;
  readonly #problems: Problems;
  readonly #channel: ReadChannel;
  readonly #rank: number;
  readonly #codecs = new Map<MultifdCompression, PageCodec>();
  readonly #waiting: Waiting[] = [];
  /** A packet was refused: QEMU's thread ends there. */
  #over = false;

  /** Loads from `channel`, whose place in the schedule is `rank`. */
  constructor(channel: ReadChannel, rank: number, blocks: RamBlocks, problems: Problems) {
    this.#channel = channel;
    this.#rank = rank;
    this.#blocks = blocks;
    this.#problems = problems;
  }

  /** Takes a packet with pages. Those of QEMU up to 8.2 may carry a SYNC as well, which comes after the pages (§4.3). */
  load(packet: MultifdRamRecord): void {
    if (packet.pageOffsets.length > 0) this.#take(packet);
    if ((packet.flags & MULTIFD_FLAG.SYNC) !== 0) this.clock.barrier();
  }

  /** Loads what had to wait. */
  async finish(): Promise<void> {
    try {
      for (const { packet, method, origin } of this.#waiting) {
        if (this.#over) break;
        try {
          this.#write(packet, await this.#inflate(packet, method), origin);
        } catch (error) {
          this.#refused(error);
        }
      }
    } finally {
      for (const codec of this.#codecs.values()) codec.close();
    }
  }

  #take(packet: MultifdRamRecord): void {
    if (this.#over) return;
    const { interval } = this.clock;
    const origin = { channel: this.#channel, offset: packet.offset, order: { interval, rank: this.#rank } };
    const method = multifdCompression(packet.flags);
    if (method === undefined) {
      this.#over = true;
      const message = "packet names more than one compression method: the rest of the channel is left out";
      return this.#problems.note(this.#channel, packet.offset, { code: "compression", field: "flags", message });
    }
    try {
      // Whatever follows a packet that waits has to wait too: on one channel the order counts.
      const pages = method === "zstd" || this.#waiting.length > 0 ? undefined : this.#inflate(packet, method);
      if (pages instanceof Uint8Array) this.#write(packet, pages, origin);
      else this.#waiting.push({ packet, method, origin });
    } catch (error) {
      this.#refused(error);
    }
  }

  #refused(error: unknown): void {
    this.#problems.take(error);
    this.#over = true;
  }

  #inflate(packet: MultifdRamRecord, method: MultifdCompression): Uint8Array | Promise<Uint8Array> {
    let codec = this.#codecs.get(method);
    if (codec === undefined) {
      const { label, multifdId } = this.#channel;
      const options = { channel: label, ...(multifdId === undefined ? {} : { channelId: multifdId }) };
      codec = createPageCodec(method, packet.pageSize, options);
      this.#codecs.set(method, codec);
    }
    const { offset, length } = packet.payload ?? { offset: 0, length: 0 };
    // No packet that is accepted has a longer payload; one that claims to have is not read whole to be refused.
    const most = MULTIFD_CODEC_BUFFER_SIZE + 1;
    return codec.inflate(packet, readRange(this.#channel, { offset, length: Math.min(length, most) }));
  }

  #write(packet: MultifdRamRecord, pages: Uint8Array, origin: PageOrigin): void {
    const { pageSize, pageOffsets, normalPages } = packet;
    const block = this.#blocks.find(multifdBlockName(packet), pageSize, origin);
    if (block === undefined) return;
    for (const [i, pageOffset] of pageOffsets.entries()) {
      const content = i < normalPages ? pages.subarray(i * pageSize, (i + 1) * pageSize) : undefined;
      this.#blocks.write(block, pageOffset, content, origin);
    }
  }
}
