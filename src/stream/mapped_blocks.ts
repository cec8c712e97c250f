import { type BlockListShape, hex, mappedBitmapBytes, ramBlockEntry } from "../wire/mod.ts";
import type { ChannelReader } from "./channel_reader.ts";
import type { MigrationState } from "./migration_state.ts";
import type { RamMappedBlockRecord, RamMappedDataRecord } from "./ram_records.ts";

/** What lies between the entry of a block and the next one. */
type MappedPart = Omit<RamMappedDataRecord, "offset" | "payload">;

/** The blocks of a mapped-ram file: each entry is followed by the block's bitmap and pages (main-channel.md §12). */
export class MappedBlocks {
  readonly #state: MigrationState;
  readonly #fileOffset: number;
  /** Bytes of blocks that the list still has to name. */
  #left = 0;
  readonly #parts: MappedPart[] = [];

  /** Blocks of a channel that begins `fileOffset` bytes behind the beginning of its file. */
  constructor(state: MigrationState, fileOffset: number) {
    this.#state = state;
    this.#fileOffset = fileOffset;
  }

  /** What comes next, if it is a part of a block. */
  get expecting(): string | undefined {
    return this.#parts[0]?.kind;
  }

  /** The list, or what belongs to a block of it, is not at its end. */
  get goesOn(): boolean {
    return this.#parts.length > 0 || this.#left > 0;
  }

  /** The list begins: its blocks have so many bytes in all. */
  begin(total: number): void {
    this.#left = total;
  }

  /** Reads one record, while it {@linkcode goesOn}; false, as the section does not end with it. */
  step(reader: ChannelReader, shape: BlockListShape): boolean {
    return this.#parts.length > 0 ? this.#part(reader) : this.#block(reader, shape);
  }

  #block(reader: ChannelReader, shape: BlockListShape): boolean {
    const decoder = reader.decoder;
    const offset = decoder.offset;
    const entry = ramBlockEntry(shape).read(decoder);
    const { block, usedLength, mapped } = entry;
    if (mapped === undefined || usedLength > this.#left) {
      return decoder.fail({
        code: "block-total",
        offset,
        message: `blocks add up to more than the total at "${block}"`,
      });
    }
    const here = decoder.offset + this.#fileOffset;
    const bitmapBytes = mappedBitmapBytes(usedLength, mapped.pageSize);
    const gap = mapped.pagesOffset - here - bitmapBytes;
    if (mapped.bitmapOffset !== here || gap < 0) {
      decoder.fail({
        code: "mapped-ram-offset",
        offset,
        message: `bitmap at ${hex(mapped.bitmapOffset)}, pages at ${hex(mapped.pagesOffset)}, but the entry ends at ` +
          `${
            hex(here)
          }; offsets are those of the whole file: name the file itself, with --offset where the stream begins`,
      });
    }
    if (mapped.pagesOffset % mapped.pageSize !== 0) {
      decoder.note({
        severity: "error",
        code: "mapped-ram-alignment",
        offset,
        field: "pagesOffset",
        message: `pages of "${block}" at ${hex(mapped.pagesOffset)} are not aligned to ${mapped.pageSize} bytes`,
        qemu: `Error reading ramblock ${block} pages, region has bad alignment`,
      });
    }
    this.#state.learnPageSize(mapped.pageSize, "mapped-ram");
    this.#state.blocks.set(block, entry);
    this.#left -= usedLength;
    const parts: MappedPart[] = [
      { kind: "ram-mapped-bitmap", block, length: bitmapBytes },
      { kind: "ram-mapped-gap", block, length: gap },
      { kind: "ram-mapped-pages", block, length: usedLength },
    ];
    this.#parts.push(...parts.filter(({ length }) => length > 0));
    const record: RamMappedBlockRecord = {
      ...entry,
      mapped,
      kind: "ram-mapped-block",
      offset,
      length: decoder.offset - offset,
    };
    reader.emit(record);
    return false;
  }

  #part(reader: ChannelReader): boolean {
    const part = this.#parts.shift();
    if (part === undefined) return false;
    const { offset } = reader.decoder;
    const record: RamMappedDataRecord = { ...part, offset, payload: { offset, length: part.length } };
    reader.pass(record);
    return false;
  }
}
