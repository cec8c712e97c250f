import { decodeText } from "../bytes/mod.ts";
import {
  type BlockListShape,
  compressBound,
  type Decoder,
  decodeXbzrle,
  hex,
  isQemuBefore,
  RAM_SAVE_FLAG,
  ramBlockList,
  ramCompressPage,
  ramFlagNames,
  ramMark,
  ramXbzrle,
} from "../wire/mod.ts";
import type { ChannelReader } from "./channel_reader.ts";
import { INPUT_OUTPUT_ERROR } from "./main_cut.ts";
import { MappedBlocks } from "./mapped_blocks.ts";
import type { MigrationState } from "./migration_state.ts";
import { probePageSize } from "./probe_page_size.ts";
import type {
  RamBlockListRecord,
  RamCompressedRecord,
  RamMarkRecord,
  RamPageRecord,
  RamXbzrleRecord,
  RamZeroRecord,
} from "./ram_records.ts";
import type { SectionBody } from "./section_body.ts";

const { ZERO, MEM_SIZE, PAGE, EOS, CONTINUE, XBZRLE, HOOK, COMPRESS_PAGE, MULTIFD_FLUSH } = RAM_SAVE_FLAG;

/** Once postcopy has begun only pages come. */
const NOT_IN_POSTCOPY = XBZRLE | MULTIFD_FLUSH | MEM_SIZE | HOOK;

/** In a mapped-ram file all pages have a place of their own, outside of the stream. */
const NOT_IN_MAPPED_RAM = PAGE | ZERO | XBZRLE | HOOK | MULTIFD_FLUSH;

/** Of most machines, in bytes: for a stream that has not told its own. */
const USUAL_PAGE_SIZE = 4096;

/** A run that still grows. */
type Growing<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Body of a `ram` section, and the whole of a postcopy-preempt channel (main-channel.md §5, §11). One instance a channel:
 * the block that CONTINUE refers to outlasts the section.
 */
export class RamBody implements SectionBody {
  readonly #state: MigrationState;
  readonly #mapped: MappedBlocks;
  #lastBlock: string | undefined;
  #lastBlockLength = 0;

  /** A body on the state of its migration; offsets in mapped-ram headers count from `fileOffset` before the channel. */
  constructor(state: MigrationState, fileOffset = 0) {
    this.#state = state;
    this.#mapped = new MappedBlocks(state, fileOffset);
  }

  /** What comes next. */
  get expecting(): string {
    return this.#mapped.expecting ?? "RAM record";
  }

  /**
   * What the newest QEMU says of a channel that ends here. What is left of a list of blocks it takes for blocks of length 0,
   * and says what it has instead.
   */
  qemuAtCut(begun: Uint8Array): string | null {
    if (this.#mapped.goesOn || this.#inPostcopy) return INPUT_OUTPUT_ERROR;
    if (begun.length < 8) return "Getting RAM address failed";
    return ((begun[7] ?? 0) & MEM_SIZE) !== 0 ? null : INPUT_OUTPUT_ERROR;
  }

  /** Reads one record, or lengthens the run of pages being held. */
  step(reader: ChannelReader): boolean {
    const decoder = reader.decoder;
    if (this.#mapped.goesOn) return this.#mapped.step(reader, this.#shape());
    decoder.need(8);
    const low = decoder.u32At(decoder.pos + 4);
    const flags = low & ((this.#state.pageSize ?? 1024) - 1);
    this.#checkPhase(decoder, flags);
    switch (flags & ~CONTINUE) {
      case PAGE:
        return this.#page(reader, flags);
      case ZERO:
        return this.#zero(reader, flags);
      case XBZRLE:
        return this.#xbzrle(reader, flags);
      case COMPRESS_PAGE:
        return this.#compressed(reader, flags);
      case MEM_SIZE:
        return this.#blockList(reader);
      case EOS:
        return this.#mark(reader, "ram-eos");
      case MULTIFD_FLUSH:
        return this.#mark(reader, "ram-multifd-flush");
      case HOOK:
        return this.#mark(reader, "ram-hook");
      default:
        return decoder.fail({
          code: "ram-flags",
          field: "word",
          message: `flags ${ramFlagNames(flags)} are no record of a RAM section`,
          qemu: `Unknown combination of migration flags: ${hex(flags)}`,
        });
    }
  }

  get #isMapped(): boolean {
    return this.#state.capabilities.has("mapped-ram");
  }

  get #inPostcopy(): boolean {
    return this.#state.postcopy === "listening" || this.#state.postcopy === "running";
  }

  /** Flags that are known, but not allowed at this time (§5.7, §12.2). */
  #checkPhase(decoder: Decoder, flags: number): void {
    const kind = flags & ~CONTINUE;
    if (this.#inPostcopy && (kind & NOT_IN_POSTCOPY) !== 0) {
      decoder.note({
        severity: "error",
        code: "ram-flags",
        field: "word",
        message: `${ramFlagNames(kind)} is not allowed once postcopy has begun`,
        qemu: `Unknown combination of migration flags: ${hex(flags)} (postcopy mode)`,
      });
    }
    if (this.#isMapped && (kind & NOT_IN_MAPPED_RAM) !== 0) {
      decoder.note({
        severity: "error",
        code: "ram-flags",
        field: "word",
        message: `${ramFlagNames(kind)} is not allowed in a mapped-ram file`,
        qemu: `Unexpected RAM flags: ${kind & NOT_IN_MAPPED_RAM}`,
      });
    }
  }

  /**
   * Name of the block of the page record at the decoder's place, and the bytes up to its data. Nothing is consumed or
   * remembered: the record may yet turn out to be incomplete.
   */
  #header(decoder: Decoder, flags: number): { block: string; length: number; usedLength: number } {
    if (flags & CONTINUE) {
      if (this.#lastBlock === undefined) {
        return decoder.fail({
          code: "no-block",
          field: "word",
          message: "CONTINUE, but no record before it named a block",
          qemu: "Ack, bad migration stream!",
        });
      }
      return { block: this.#lastBlock, length: 8, usedLength: this.#lastBlockLength };
    }
    decoder.need(9);
    const nameLength = decoder.bytes[decoder.pos + 8] ?? 0;
    decoder.need(9 + nameLength);
    const block = decodeText(decoder.bytes.subarray(decoder.pos + 9, decoder.pos + 9 + nameLength));
    const entry = this.#state.blocks.get(block);
    // A preempt channel read on its own knows no list: any name will do.
    if (entry === undefined && this.#state.blocks.size > 0) {
      decoder.fail({
        code: "unknown-block",
        field: "block",
        message: `RAM block ${JSON.stringify(block)} is not in the list`,
        qemu: `Can't find block ${block}`,
      });
    }
    return { block, length: 9 + nameLength, usedLength: entry?.usedLength ?? Number.MAX_SAFE_INTEGER };
  }

  #offsetOf(decoder: Decoder, flags: number, usedLength: number): number {
    const pageOffset = decoder.u32At(decoder.pos) * 0x1_0000_0000 + (decoder.u32At(decoder.pos + 4) - flags);
    if (pageOffset > Number.MAX_SAFE_INTEGER) {
      decoder.fail({ code: "offset", field: "word", message: `page offset ${hex(pageOffset)} is beyond any memory` });
    }
    if (pageOffset >= usedLength) {
      decoder.note({
        severity: "error",
        code: "offset",
        field: "word",
        message: `page offset ${hex(pageOffset)} is outside of its block of ${hex(usedLength)} bytes`,
        qemu: `Illegal RAM offset ${pageOffset.toString(16)}`,
      });
    }
    return pageOffset;
  }

  #remember(block: string, usedLength: number): void {
    this.#lastBlock = block;
    this.#lastBlockLength = usedLength;
  }

  #page(reader: ChannelReader, flags: number): boolean {
    const decoder = reader.decoder;
    const header = this.#header(decoder, flags);
    // By trial, when nothing before has told it.
    const pageSize = this.#state.pageSize ?? probePageSize(reader, header.length, this.#state);
    decoder.reading = "RAM page";
    const missing = header.length + pageSize - decoder.available;
    if (missing > 0) {
      reader.lacking = missing;
      return false;
    }
    this.#state.learnPageSize(pageSize, "probe");
    const pageOffset = this.#offsetOf(decoder, flags, header.usedLength);
    const offset = decoder.offset;
    const length = header.length + pageSize;
    this.#remember(header.block, header.usedLength);
    decoder.pos += length;
    let run = reader.held as Growing<RamPageRecord> | undefined;
    if (
      flags & CONTINUE && run?.kind === "ram-page" && run.block === header.block &&
      pageOffset === run.pageOffset + run.count * pageSize && run.length + length <= reader.longestRun
    ) {
      run.count++;
      run.length += length;
    } else {
      run = { kind: "ram-page", offset, length, block: header.block, flags, pageOffset, pageSize, count: 1 };
      reader.hold(run);
    }
    // Where pages are not allowed, each of them is looked at.
    if (!this.#isMapped) this.#morePages(reader, run, header.usedLength);
    return false;
  }

  /** The hot loop: pages that go on where the run ends, of which there are a quarter of a million in a GiB. */
  #morePages({ decoder, longestRun }: ChannelReader, run: Growing<RamPageRecord>, usedLength: number): void {
    const { pageSize } = run;
    const step = 8 + pageSize;
    let next = run.pageOffset + run.count * pageSize;
    let { pos } = decoder;
    const start = pos;
    const last = Math.min(decoder.end, start + longestRun - run.length) - step;
    while (pos <= last && next < usedLength) {
      const high = Math.floor(next / 0x1_0000_0000);
      const low = next - high * 0x1_0000_0000 + (PAGE | CONTINUE);
      if (decoder.u32At(pos + 4) !== low || decoder.u32At(pos) !== high) break;
      next += pageSize;
      pos += step;
    }
    decoder.pos = pos;
    run.count += (pos - start) / step;
    run.length += pos - start;
  }

  #zero(reader: ChannelReader, flags: number): boolean {
    const decoder = reader.decoder;
    const header = this.#header(decoder, flags);
    const length = header.length + 1;
    decoder.reading = "RAM zero page";
    decoder.need(length);
    const fill = decoder.bytes[decoder.pos + header.length] ?? 0;
    const pageOffset = this.#offsetOf(decoder, flags, header.usedLength);
    if (fill !== 0) {
      const fills = isQemuBefore(this.#state.destination, 8, 2);
      decoder.note({
        severity: fills ? "warning" : "error",
        code: "fill",
        field: "fill",
        offset: decoder.offset + header.length,
        message: `zero page is filled with ${hex(fill)}`,
        qemu: fills ? "fills the page with it" : `Found a zero page with value ${fill}`,
      });
    }
    const pageSize = this.#state.pageSize ?? USUAL_PAGE_SIZE;
    const offset = decoder.offset;
    this.#remember(header.block, header.usedLength);
    decoder.pos += length;
    const run = reader.held as Growing<RamZeroRecord> | undefined;
    if (
      flags & CONTINUE && run?.kind === "ram-zero" && run.block === header.block && run.fill === fill &&
      pageOffset === run.pageOffset + run.count * pageSize && run.length + length <= reader.longestRun
    ) {
      run.count++;
      run.length += length;
    } else {
      const first: RamZeroRecord = {
        kind: "ram-zero",
        offset,
        length,
        block: header.block,
        flags,
        pageOffset,
        pageSize,
        count: 1,
        fill,
      };
      reader.hold(first);
    }
    return false;
  }

  /** Which page an encoded one stands for. Its block becomes that of CONTINUE when its bytes are accepted, not here. */
  #place(
    decoder: Decoder,
    flags: number,
  ): { place: Pick<RamXbzrleRecord, "block" | "flags" | "pageOffset" | "pageSize">; usedLength: number } {
    const pageSize = this.#state.pageSize ?? USUAL_PAGE_SIZE;
    const { block, usedLength } = this.#header(decoder, flags);
    const pageOffset = this.#offsetOf(decoder, flags, usedLength);
    return { place: { block, flags, pageOffset, pageSize }, usedLength };
  }

  #xbzrle(reader: ChannelReader, flags: number): boolean {
    const decoder = reader.decoder;
    const offset = decoder.offset;
    const { place, usedLength } = this.#place(decoder, flags);
    const { block, pageSize } = place;
    const fields = ramXbzrle.read(decoder);
    if (fields.encodedLength > pageSize) {
      decoder.fail({
        code: "xbzrle-length",
        field: "encodedLength",
        offset: decoder.offset - 2,
        message: `${fields.encodedLength} bytes of difference for a page of ${pageSize}`,
        qemu: "Failed to load XBZRLE page - len overflow!",
      });
    }
    const payload = { offset: decoder.offset, length: fields.encodedLength };
    const data = decoder.takeView(fields.encodedLength);
    try {
      decodeXbzrle(data, pageSize);
    } catch (error) {
      decoder.note({
        severity: "error",
        code: "xbzrle",
        offset: payload.offset,
        message: `XBZRLE difference cannot be decoded: ${(error as Error).message}`,
        qemu: "Failed to load XBZRLE page - decode error!",
      });
    }
    this.#remember(block, usedLength);
    const record: RamXbzrleRecord = {
      ...fields,
      kind: "ram-xbzrle",
      offset,
      length: decoder.offset - offset,
      ...place,
      payload,
    };
    reader.emit(record);
    return false;
  }

  #compressed(reader: ChannelReader, flags: number): boolean {
    const decoder = reader.decoder;
    const offset = decoder.offset;
    const { place, usedLength } = this.#place(decoder, flags);
    const { block, pageSize } = place;
    const fields = ramCompressPage.read(decoder);
    const length = fields.compressedLength;
    if (length < 0 || length > compressBound(pageSize)) {
      decoder.fail({
        code: "compressed-length",
        field: "compressedLength",
        offset: decoder.offset - 4,
        message: `${length} compressed bytes for a page of ${pageSize}`,
        qemu: `Invalid compressed data length: ${length}`,
      });
    }
    const payload = { offset: decoder.offset, length };
    decoder.need(length);
    decoder.pos += length;
    this.#remember(block, usedLength);
    const record: RamCompressedRecord = {
      ...fields,
      kind: "ram-compress-page",
      offset,
      length: decoder.offset - offset,
      ...place,
      payload,
    };
    reader.emit(record);
    return false;
  }

  #blockList(reader: ChannelReader): boolean {
    const decoder = reader.decoder;
    const offset = decoder.offset;
    const shape = this.#shape();
    const list = ramBlockList(shape).read(decoder);
    for (const block of list.blocks) this.#state.blocks.set(block.block, block);
    if (shape.mapped) this.#mapped.begin(list.pageOffset);
    const record: RamBlockListRecord = { ...list, kind: "ram-block-list", offset, length: decoder.offset - offset };
    reader.emit(record);
    return false;
  }

  #shape(): BlockListShape {
    return {
      addresses: this.#state.capabilities.has("x-ignore-shared"),
      mapped: this.#isMapped,
      hostPageSizes: this.#state.hostPageSizes,
    };
  }

  #mark(reader: ChannelReader, kind: "ram-eos" | "ram-multifd-flush" | "ram-hook"): boolean {
    const decoder = reader.decoder;
    const offset = decoder.offset;
    const fields = ramMark.read(decoder);
    const record: RamMarkRecord = { ...fields, kind, offset, length: 8 };
    reader.emit(record);
    return kind === "ram-eos";
  }
}
