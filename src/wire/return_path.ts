/**
 * Messages of the return path, which the destination sends to the source on the main channel's socket
 * (main-channel.md §9; QEMU: `source_return_path_thread()` in migration/migration.c).
 *
 * @module
 */

import { encodeText } from "../bytes/mod.ts";
import { bytes, cstr8, type Fault, mustBe, reserved, size64, u16, u32, u64, when } from "./fields.ts";
import { hex } from "./finding.ts";
import { type Field, type Struct, struct } from "./struct.ts";

/** Types of the messages, with QEMU's names (`enum mig_rp_message_type`; main-channel.md §9.1). */
export const MIG_RP_MSG = {
  /** The destination is done: well, or not. */
  SHUT: 1,
  /** Answers a PING. */
  PONG: 2,
  /** Asks for pages of a block, by its name. */
  REQ_PAGES_ID: 3,
  /** Asks for pages of the block that was last named. */
  REQ_PAGES: 4,
  /** Says which pages of a block were received. */
  RECV_BITMAP: 5,
  /** Ready to go on after an interruption. */
  RESUME_ACK: 6,
  /** Agrees to the switchover (8.1 and later). */
  SWITCHOVER_ACK: 7,
} as const;

/** What ends the data after RECV_BITMAP (QEMU: `RAMBLOCK_RECV_BITMAP_ENDING`). */
export const RECV_BITMAP_END_MARK = 0x0123456789abcdefn;

/** The source reads a message into a buffer of this many bytes and refuses a longer one. */
const MAX_MESSAGE_BYTES = 512;

/**
 * No bitmap is longer: it would stand for 2^53 bytes of RAM, with one bit for each KiB, the smallest target page.
 * Keeps offsets behind it exact.
 */
const MAX_BITMAP_BYTES = 2 ** 40;

/** A host page is never smaller than this, and requests are for whole host pages. */
const MIN_HOST_PAGE = 4096;

/** For each type its name and the length it must have, where that is fixed (QEMU: `rp_cmd_args[]`). */
const MESSAGES: readonly (undefined | { readonly name: string; readonly len?: number })[] = [
  undefined,
  { name: "SHUT", len: 4 },
  { name: "PONG", len: 4 },
  { name: "REQ_PAGES_ID" },
  { name: "REQ_PAGES", len: 12 },
  { name: "RECV_BITMAP" },
  { name: "RESUME_ACK", len: 4 },
  { name: "SWITCHOVER_ACK", len: 0 },
];

/** What QEMU prints as the length it expects of a message whose length varies: -1 as a `size_t`. */
const ANY_LENGTH = "18446744073709551615";

/** Every message begins with this. */
export interface RpHead {
  /** One of {@linkcode MIG_RP_MSG}. */
  readonly type: number;
  /** Bytes that follow, without the bitmap after RECV_BITMAP. */
  readonly len: number;
}

/** The destination is done; the last message. */
export interface RpShut extends RpHead {
  /** 0 if it is content with the main stream, otherwise it failed. */
  readonly value: number;
}

/** Answer to a PING. */
export interface RpPong extends RpHead {
  /** The PING's number. */
  readonly value: number;
}

/** Asks for pages of the block of the last {@linkcode RpReqPagesId}, urgently. */
export interface RpReqPages extends RpHead {
  /** Offset in the block, bytes. */
  readonly start: bigint;
  /** Bytes asked for: one host page. */
  readonly requestLength: number;
}

/** Asks for pages of a block, urgently. */
export interface RpReqPagesId extends RpReqPages {
  /** Name of the RAM block. */
  readonly block: string;
}

/** Says which block's bitmap of received pages follows: first an {@linkcode RpBitmap}, then an {@linkcode RpBitmapEnd}. */
export interface RpRecvBitmap extends RpHead {
  /** Name of the RAM block. */
  readonly block: string;
  /** Bytes of the message behind the name, which the source ignores. Absent when zero. */
  readonly trailing?: Uint8Array;
}

/** The destination is ready to go on after a broken postcopy. */
export interface RpResumeAck extends RpHead {
  /** 1. */
  readonly value: number;
}

/** The destination agrees to the switchover. */
export type RpSwitchoverAck = RpHead;

/** A message of no known type, or whose content does not fit its type. */
export interface RpUnknown extends RpHead {
  /** The `len` bytes of it. */
  readonly data: Uint8Array;
}

/** The uncounted data after RECV_BITMAP: this, then `size` bytes of bitmap, bit i of byte i/8 for page i. */
export interface RpBitmap {
  /** Bytes of bitmap that follow. */
  readonly size: number;
}

/** What stands after the bitmap. */
export interface RpBitmapEnd {
  /** {@linkcode RECV_BITMAP_END_MARK}. */
  readonly mark: bigint;
}

function headFault(type: number, len: number): Fault | undefined {
  const known = MESSAGES[type];
  if (known === undefined) {
    return {
      code: "rp-type",
      message: `is ${len} of a message of unknown type ${type}`,
      qemu: `Received invalid message 0x${hex4(type)} length 0x${hex4(len)}`,
    };
  }
  if (len === (known.len ?? len) && len <= MAX_MESSAGE_BYTES) return undefined;
  const expected = known.len === undefined ? `at most ${MAX_MESSAGE_BYTES}` : String(known.len);
  return {
    code: "rp-length",
    message: `of ${known.name} is ${len}, expected ${expected}`,
    // "withincorrect" is QEMU's.
    qemu: `Received '${known.name}' message (0x${hex4(type)}) withincorrect length ${len} expecting ${
      known.len ?? ANY_LENGTH
    }`,
  };
}

function hex4(value: number): string {
  return value.toString(16).padStart(4, "0");
}

/** What is wrong with the content of a message whose length varies; its head is sound. */
function bodyFault(type: number, body: Uint8Array): Fault | undefined {
  if (type === MIG_RP_MSG.REQ_PAGES_ID) {
    const expected = 13 + (body[12] ?? 0);
    if (body.length === expected) return undefined;
    return {
      code: "rp-length",
      message: `of REQ_PAGES_ID is ${body.length} bytes long, expected ${expected}`,
      qemu: `Req_Page_id with length ${body.length} expecting ${expected}`,
    };
  }
  if (type === MIG_RP_MSG.RECV_BITMAP) {
    if (body.length === 0) {
      return {
        code: "rp-length",
        message: "of RECV_BITMAP is empty",
        qemu: "MIG_RP_MSG_RECV_BITMAP missing block name",
      };
    }
    const [nameLength = 0] = body;
    const expected = 1 + nameLength;
    if (body.length >= expected) return undefined;
    return { code: "rp-length", message: `of RECV_BITMAP is ${body.length} bytes long, its name ends at ${expected}` };
  }
  return undefined;
}

/** Whether a message of `type` can be `len` bytes long; false for an unknown type. */
export function isReturnPathHead(type: number, len: number): boolean {
  return headFault(type, len) === undefined;
}

/**
 * Whether a message is what its type says. If not, it can only be read as an {@linkcode RpUnknown}.
 *
 * @param type The message's type.
 * @param body Its `len` bytes.
 * @returns False for an unknown type, and for a length that does not fit.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MIG_RP_MSG } from "@migwire/migwire/wire";
 * import { isReturnPathMessage } from "./return_path.ts";
 *
 * assertEquals(isReturnPathMessage(MIG_RP_MSG.PONG, new Uint8Array(4)), true);
 * assertEquals(isReturnPathMessage(MIG_RP_MSG.PONG, new Uint8Array(5)), false);
 * ```
 */
export function isReturnPathMessage(type: number, body: Uint8Array): boolean {
  return headFault(type, body.length) === undefined && bodyFault(type, body) === undefined;
}

/** The rows of {@linkcode RpHead}; `lenFault` judges the length. */
function head(lenFault: (type: number, len: number) => Fault | undefined): Field<RpHead>[] {
  return [
    u16("type", { meaning: (type) => MESSAGES[type]?.name ?? "unknown" }),
    u16("len", { check: (len, { type = 0 }) => lenFault(type, len) }),
  ];
}

/** A message of known layout: a length that does not fit it leaves nothing to read. */
function message<T extends RpHead>(name: string, fields: Field<T>[]): Struct<T> {
  const lenFault = (type: number, len: number): Fault | undefined => {
    const fault = headFault(type, len);
    return fault && { ...fault, fatal: true };
  };
  return struct<T>(name, [...head(lenFault), ...fields]);
}

const requestFields: Field<RpReqPages>[] = [
  u64("start", { meaning: () => "offset in the block" }),
  u32("requestLength", {
    check: (length, { start = 0n }) =>
      start % BigInt(MIN_HOST_PAGE) === 0n && length % MIN_HOST_PAGE === 0 ? undefined : {
        code: "rp-misaligned",
        message: `${length} from ${hex(start)} on is not whole host pages`,
        qemu: `MIG_RP_MSG_REQ_PAGES: Misaligned page request, start:${start.toString(16)} len: ${length}`,
      },
  }),
];

/**
 * SHUT (main-channel.md §9.1), the last message. A value other than 0 is a failed destination, an error for the source:
 * code `destination-failed`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpShut } from "@migwire/migwire/wire";
 *
 * const findings: string[] = [];
 * rpShut.decode(Uint8Array.fromHex("0001" + "0004" + "00000001"), ({ qemu = "" }) => findings.push(qemu));
 * assertEquals(findings, ["Sibling indicated error 1"]);
 * ```
 */
export const rpShut: Struct<RpShut> = message<RpShut>("SHUT", [
  u32("value", {
    check: (value) =>
      value === 0 ? undefined : {
        code: "destination-failed",
        message: `is ${value}: the destination failed`,
        qemu: `Sibling indicated error ${value | 0}`,
      },
    meaning: (value) => value === 0 ? "done without error" : "failed",
  }),
]);

/**
 * PONG (main-channel.md §9.1), the answer to a PING.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MIG_RP_MSG, rpPong } from "@migwire/migwire/wire";
 *
 * const bytes = rpPong.encode({ type: MIG_RP_MSG.PONG, len: 4, value: 1 });
 * assertEquals(bytes, Uint8Array.fromHex("0002" + "0004" + "00000001"));
 * ```
 */
export const rpPong: Struct<RpPong> = message<RpPong>("PONG", [u32("value", { meaning: () => "number of the PING" })]);

/**
 * REQ_PAGES (main-channel.md §9.1): pages of the block that was last named. Code: `rp-misaligned` for what is no whole
 * number of host pages, of at least 4096 bytes.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpReqPages } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("0004" + "000c" + "0000000000003000" + "00001000");
 * assertEquals(rpReqPages.decode(bytes), { type: 4, len: 12, start: 0x3000n, requestLength: 4096 });
 * ```
 */
export const rpReqPages: Struct<RpReqPages> = message<RpReqPages>("REQ_PAGES", requestFields);

/**
 * REQ_PAGES_ID (main-channel.md §9.1): as {@linkcode rpReqPages}, with the block's name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpReqPagesId } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("0003" + "0013" + "0000000000003000" + "00001000" + "0670632e72616d");
 * assertEquals(rpReqPagesId.decode(bytes).block, "pc.ram");
 * ```
 */
export const rpReqPagesId: Struct<RpReqPagesId> = message<RpReqPagesId>("REQ_PAGES_ID", [
  ...requestFields,
  cstr8("block"),
]);

function trailingBytes({ len = 0, block = "" }: Readonly<Partial<RpRecvBitmap>>): number {
  return Math.max(0, len - 1 - encodeText(block).length);
}

/**
 * RECV_BITMAP (main-channel.md §9.1), without the data that follow it uncounted (§9.2). Code: `unknown-block` for an
 * empty name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpRecvBitmap } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("0005" + "0007" + "0670632e72616d");
 * assertEquals(rpRecvBitmap.decode(bytes), { type: 5, len: 7, block: "pc.ram" });
 * ```
 */
export const rpRecvBitmap: Struct<RpRecvBitmap> = message<RpRecvBitmap>("RECV_BITMAP", [
  cstr8("block", {
    check: (block) =>
      block !== "" ? undefined : {
        code: "unknown-block",
        message: "is empty",
        qemu: "MIG_RP_MSG_RECV_BITMAP has invalid block name ''",
      },
  }),
  when((before) => trailingBytes(before) > 0, reserved("trailing", trailingBytes)),
]);

/**
 * RESUME_ACK (main-channel.md §9.1). Code: `rp-resume-ack` for a value other than 1.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpResumeAck } from "@migwire/migwire/wire";
 *
 * assertEquals(rpResumeAck.decode(Uint8Array.fromHex("0006" + "0004" + "00000001")).value, 1);
 * ```
 */
export const rpResumeAck: Struct<RpResumeAck> = message<RpResumeAck>("RESUME_ACK", [
  u32("value", mustBe(1, (value) => ({ code: "rp-resume-ack", qemu: `illegal resume_ack value ${value}` }))),
]);

/**
 * SWITCHOVER_ACK (main-channel.md §9.1), since QEMU 8.1: nothing but its head.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MIG_RP_MSG, rpSwitchoverAck } from "@migwire/migwire/wire";
 *
 * const bytes = rpSwitchoverAck.encode({ type: MIG_RP_MSG.SWITCHOVER_ACK, len: 0 });
 * assertEquals(bytes, Uint8Array.fromHex("00070000"));
 * ```
 */
export const rpSwitchoverAck: Struct<RpSwitchoverAck> = message<RpSwitchoverAck>("SWITCHOVER_ACK", []);

/**
 * Any message of the return path, its content as it is (main-channel.md §9.1). Codes: `rp-type` and `rp-length`, which
 * end the reading at a source.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpUnknown } from "@migwire/migwire/wire";
 *
 * const codes: string[] = [];
 * const { data } = rpUnknown.decode(Uint8Array.fromHex("0009" + "0001" + "ff"), ({ code }) => codes.push(code));
 * assertEquals([data, codes], [Uint8Array.of(0xff), ["rp-type"]]);
 * ```
 */
export const rpUnknown: Struct<RpUnknown> = struct<RpUnknown>("return-path message", [
  ...head(headFault),
  bytes("data", ({ len = 0 }) => len, {
    check: (data, { type = 0, len = 0 }) => {
      const fault = headFault(type, len) === undefined ? bodyFault(type, data) : undefined;
      // Data of unknown place follows RECV_BITMAP.
      return fault && type === MIG_RP_MSG.RECV_BITMAP ? { ...fault, fatal: true } : fault;
    },
  }),
]);

/**
 * The size in front of a bitmap of received pages, in bytes (main-channel.md §9.2). Codes: `rp-bitmap-size` for what is
 * no multiple of 8 above 0, `implausible` above 2^40.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpBitmap } from "@migwire/migwire/wire";
 *
 * assertEquals(rpBitmap.decode(Uint8Array.fromHex("0000000000000020")), { size: 32 });
 * ```
 */
export const rpBitmap: Struct<RpBitmap> = struct<RpBitmap>("bitmap of received pages", [
  size64("size", {
    check: (size) => {
      if (size > MAX_BITMAP_BYTES) {
        return { code: "implausible", message: `is ${hex(size)}, more than any RAM block needs`, fatal: true };
      }
      if (size > 0 && size % 8 === 0) return undefined;
      // QEMU compares with the size of its own block's bitmap, which this can never be.
      return { code: "rp-bitmap-size", message: `is ${hex(size)}, not a multiple of 8 above 0` };
    },
  }),
]);

/**
 * The mark behind a bitmap (main-channel.md §9.2). It is judged where the block is known, by the grammar of the
 * channel.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { rpBitmapEnd } from "@migwire/migwire/wire";
 *
 * assertEquals(rpBitmapEnd.encode({ mark: 0x0123456789abcdefn }), Uint8Array.fromHex("0123456789abcdef"));
 * ```
 */
export const rpBitmapEnd: Struct<RpBitmapEnd> = struct<RpBitmapEnd>("end of the bitmap of received pages", [
  u64("mark", { meaning: (mark) => mark === RECV_BITMAP_END_MARK ? "end mark" : "not the end mark" }),
]);
