import {
  hex,
  isReturnPathMessage,
  MIG_RP_MSG,
  RECV_BITMAP_END_MARK,
  type RpBitmap,
  rpBitmap,
  type RpBitmapEnd,
  rpBitmapEnd,
  type RpHead,
  type RpPong,
  rpPong,
  type RpRecvBitmap,
  rpRecvBitmap,
  type RpReqPages,
  rpReqPages,
  type RpReqPagesId,
  rpReqPagesId,
  type RpResumeAck,
  rpResumeAck,
  type RpShut,
  rpShut,
  rpSwitchoverAck,
  type RpUnknown,
  rpUnknown,
  type Struct,
} from "../wire/mod.ts";
import type { ChannelReader, Grammar } from "./channel_reader.ts";
import type { Layouts } from "./layouts.ts";
import type { BaseRecord } from "./record.ts";

/** SHUT: the last message, 0 if the destination is content with the main stream. */
export interface RpShutRecord extends BaseRecord, RpShut {
  /** Says which record this is. */
  readonly kind: "rp-shut";
}

/** PONG: the answer to a PING. */
export interface RpPongRecord extends BaseRecord, RpPong {
  /** Says which record this is. */
  readonly kind: "rp-pong";
}

/** REQ_PAGES_ID: asks for pages of a block. */
export interface RpReqPagesIdRecord extends BaseRecord, RpReqPagesId {
  /** Says which record this is. */
  readonly kind: "rp-req-pages-id";
}

/** REQ_PAGES: asks for pages of the block asked for last. */
export interface RpReqPagesRecord extends BaseRecord, RpReqPages {
  /** Says which record this is. */
  readonly kind: "rp-req-pages";
}

/** RECV_BITMAP: the two records after it say which pages of a block have arrived. */
export interface RpRecvBitmapRecord extends BaseRecord, RpRecvBitmap {
  /** Says which record this is. */
  readonly kind: "rp-recv-bitmap";
}

/** The bitmap after RECV_BITMAP; its bytes are the payload. */
export interface RpBitmapRecord extends BaseRecord, RpBitmap {
  /** Says which record this is. */
  readonly kind: "rp-bitmap";
}

/** The mark after the bitmap. */
export interface RpBitmapEndRecord extends BaseRecord, RpBitmapEnd {
  /** Says which record this is. */
  readonly kind: "rp-bitmap-end";
}

/** RESUME_ACK: a broken postcopy may go on. */
export interface RpResumeAckRecord extends BaseRecord, RpResumeAck {
  /** Says which record this is. */
  readonly kind: "rp-resume-ack";
}

/** SWITCHOVER_ACK: the destination agrees to the switchover. */
export interface RpSwitchoverAckRecord extends BaseRecord, RpHead {
  /** Says which record this is. */
  readonly kind: "rp-switchover-ack";
}

/** A message of unknown type or wrong length, as it is. */
export interface RpUnknownRecord extends BaseRecord, RpUnknown {
  /** Says which record this is. */
  readonly kind: "rp-unknown";
}

/** A record of a return path. */
export type ReturnPathRecord =
  | RpShutRecord
  | RpPongRecord
  | RpReqPagesIdRecord
  | RpReqPagesRecord
  | RpRecvBitmapRecord
  | RpBitmapRecord
  | RpBitmapEndRecord
  | RpResumeAckRecord
  | RpSwitchoverAckRecord
  | RpUnknownRecord;

/** With what each record of a return path is written. */
export const RETURN_PATH_LAYOUTS: Layouts = {
  "rp-shut": rpShut,
  "rp-pong": rpPong,
  "rp-req-pages-id": rpReqPagesId,
  "rp-req-pages": rpReqPages,
  "rp-recv-bitmap": rpRecvBitmap,
  "rp-bitmap": rpBitmap,
  "rp-bitmap-end": rpBitmapEnd,
  "rp-resume-ack": rpResumeAck,
  "rp-switchover-ack": rpSwitchoverAck,
  "rp-unknown": rpUnknown,
};

type Message = RpHead & { readonly block?: string };

/** Kind and layout of the messages whose content fits their type. */
const MESSAGE_OF_TYPE: { readonly [type: number]: readonly [kind: string, layout: Struct<Message>] | undefined } = {
  [MIG_RP_MSG.SHUT]: ["rp-shut", rpShut],
  [MIG_RP_MSG.PONG]: ["rp-pong", rpPong],
  [MIG_RP_MSG.REQ_PAGES_ID]: ["rp-req-pages-id", rpReqPagesId],
  [MIG_RP_MSG.REQ_PAGES]: ["rp-req-pages", rpReqPages],
  [MIG_RP_MSG.RECV_BITMAP]: ["rp-recv-bitmap", rpRecvBitmap],
  [MIG_RP_MSG.RESUME_ACK]: ["rp-resume-ack", rpResumeAck],
  [MIG_RP_MSG.SWITCHOVER_ACK]: ["rp-switchover-ack", rpSwitchoverAck],
};

const UNKNOWN_MESSAGE: readonly [kind: string, layout: Struct<Message>] = ["rp-unknown", rpUnknown];

const HEAD_BYTES = 4;

/**
 * The return path: messages from the destination, one record each; RECV_BITMAP is followed by `rp-bitmap` and
 * `rp-bitmap-end` (main-channel.md §9). Whether a SHUT had to come is for whoever knows how the migration ended: the
 * channel may end between any two messages.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ChannelParser, ReturnPathGrammar } from "@migwire/migwire/stream";
 *
 * const parser = new ChannelParser(new ReturnPathGrammar());
 * const records = parser.push(Uint8Array.fromHex("0007000000020004000000010001000400000000"));
 * assertEquals(records.map((record) => record.kind), ["rp-switchover-ack", "rp-pong", "rp-shut"]);
 * ```
 */
export class ReturnPathGrammar implements Grammar {
  #next: "message" | "bitmap" | "end mark after the bitmap" = "message";
  /** Block of the last RECV_BITMAP. */
  #bitmapOf = "";
  /** A REQ_PAGES_ID named a block, which REQ_PAGES can refer to. */
  #hasBlock = false;
  #shut = false;

  /** What may come here. */
  get expecting(): string {
    if (this.#next === "message") return "return-path message";
    return `${this.#next} of RAM block ${this.#bitmapOf}`;
  }

  /** The channel may end between messages, but not between RECV_BITMAP and the end mark of its bitmap. */
  get complete(): boolean {
    return this.#next === "message";
  }

  /** Reads one record. */
  step(reader: ChannelReader): void {
    switch (this.#next) {
      case "message":
        return this.#message(reader);
      case "bitmap":
        return this.#bitmap(reader);
      case "end mark after the bitmap":
        return this.#bitmapEnd(reader);
    }
  }

  #message(reader: ChannelReader): void {
    const decoder = reader.decoder;
    const { bytes, pos, offset } = decoder;
    decoder.need(HEAD_BYTES);
    const view = new DataView(bytes.buffer, bytes.byteOffset + pos, HEAD_BYTES);
    const type = view.getUint16(0);
    const length = HEAD_BYTES + view.getUint16(2);
    decoder.need(length);
    const fits = isReturnPathMessage(type, bytes.subarray(pos + HEAD_BYTES, pos + length));
    const [kind, layout] = (fits ? MESSAGE_OF_TYPE[type] : undefined) ?? UNKNOWN_MESSAGE;

    if (this.#shut) {
      decoder.note({
        severity: "warning",
        code: "rp-after-shut",
        message: "a return-path message after SHUT, which the source does not read",
      });
      this.#shut = false;
    }
    if (kind === "rp-req-pages" && !this.#hasBlock) {
      decoder.note({
        severity: "error",
        code: "rp-no-block",
        message: "REQ_PAGES before any REQ_PAGES_ID: no block to take the pages from",
        qemu: "MIG_RP_MSG_REQ_PAGES has no previous block",
      });
    }
    const value = layout.read(decoder);
    reader.emit({ kind, offset, length, ...value } as BaseRecord);

    if (kind === "rp-shut") this.#shut = true;
    if (kind === "rp-req-pages-id") this.#hasBlock = true;
    if (kind === "rp-recv-bitmap") {
      this.#bitmapOf = value.block ?? "";
      this.#next = "bitmap";
    }
  }

  #bitmap(reader: ChannelReader): void {
    const offset = reader.decoder.offset;
    const { size } = rpBitmap.read(reader.decoder);
    const payload = { offset: reader.decoder.offset, length: size };
    const record: RpBitmapRecord = { kind: "rp-bitmap", offset, length: 8 + size, size, payload };
    this.#next = "end mark after the bitmap";
    reader.pass(record);
  }

  #bitmapEnd(reader: ChannelReader): void {
    const decoder = reader.decoder;
    const offset = decoder.offset;
    const { mark } = rpBitmapEnd.read(decoder);
    if (mark !== RECV_BITMAP_END_MARK) {
      // The size did not lead to the mark, so nothing says where the next message begins.
      decoder.fail({
        code: "rp-end-mark",
        field: "mark",
        offset,
        message: `mark after the bitmap of RAM block ${this.#bitmapOf} is ${hex(mark)}, expected ${
          hex(RECV_BITMAP_END_MARK)
        }`,
        qemu: `ramblock '${this.#bitmapOf}' end mark incorrect: ${hex(mark)}`,
      });
    }
    const record: RpBitmapEndRecord = { kind: "rp-bitmap-end", offset, length: 8, mark };
    this.#next = "message";
    reader.emit(record);
  }
}
