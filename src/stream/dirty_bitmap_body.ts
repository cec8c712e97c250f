import { DIRTY_BITMAP_FLAG, type DirtyBitmapRecord, dirtyBitmapRecord } from "../wire/mod.ts";
import type { ChannelReader } from "./channel_reader.ts";
import type { BaseRecord } from "./record.ts";
import type { SectionBody } from "./section_body.ts";

/** A record of a `dirty-bitmap` section; names are those in force, also where they are not on the wire. */
export interface DirtyBitmapStreamRecord extends BaseRecord, DirtyBitmapRecord {
  /** Which kind of record. */
  readonly kind: "dirty-bitmap";
  /** Node alias in force. */
  readonly currentNode?: string;
  /** Bitmap alias in force. */
  readonly currentBitmap?: string;
}

/** Body of a `dirty-bitmap` section (main-channel.md §6). One instance a channel: names outlast the section. */
export class DirtyBitmapBody implements SectionBody {
  readonly expecting = "dirty bitmap record";
  #node: string | undefined;
  #bitmap: string | undefined;

  /** Reads one record. */
  step(reader: ChannelReader): boolean {
    const decoder = reader.decoder;
    const offset = decoder.offset;
    const fields = dirtyBitmapRecord.read(decoder);
    this.#node = fields.node ?? this.#node;
    this.#bitmap = fields.bitmap ?? this.#bitmap;
    const header = decoder.offset - offset;
    const bits = Number(fields.bufferLength ?? 0n);
    const record: DirtyBitmapStreamRecord = {
      ...fields,
      kind: "dirty-bitmap",
      offset,
      length: header + bits,
      ...(this.#node === undefined ? {} : { currentNode: this.#node }),
      ...(this.#bitmap === undefined ? {} : { currentBitmap: this.#bitmap }),
      ...(bits === 0 ? {} : { payload: { offset: decoder.offset, length: bits } }),
    };
    reader.pass(record);
    return (fields.flags & DIRTY_BITMAP_FLAG.EOS) !== 0;
  }
}
