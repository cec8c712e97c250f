/** Commands of the main channel (main-channel.md §3.6 to §3.12). @module */

import { encodeText } from "../bytes/mod.ts";
import type { Decoder } from "./decoder.ts";
import { bytes, cstr8, type Fault, repeated, type Rules, size64, u16, u32, u64, u8, when } from "./fields.ts";
import { type Struct, struct } from "./struct.ts";

/** Numbers of the commands. */
export const MIG_CMD = {
  /** Open the return path. */
  OPEN_RETURN_PATH: 1,
  /** Asks for a PONG. */
  PING: 2,
  /** Postcopy may come. */
  POSTCOPY_ADVISE: 3,
  /** Postcopy begins: RAM may arrive from another thread. */
  POSTCOPY_LISTEN: 4,
  /** The guest runs at the destination from here on. */
  POSTCOPY_RUN: 5,
  /** Throw away pages received so far. */
  POSTCOPY_RAM_DISCARD: 6,
  /** A blob of elements follows. */
  PACKAGED: 7,
  /** COLO follows; retired in 11.1. */
  ENABLE_COLO: 8,
  /** Recovery: go on. */
  POSTCOPY_RESUME: 9,
  /** Recovery: send the received bitmap of a block. */
  RECV_BITMAP: 10,
  /** The guest was stopped; load threads may begin (10.0 and later). */
  SWITCHOVER_START: 11,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(MIG_CMD).map(([name, number]) => [number, name]));

/**
 * QEMU's name of a command number (main-channel.md §3.6).
 *
 * @param command A {@linkcode MIG_CMD}, 0 to 65535.
 * @returns Its name; `command 99` for one that no QEMU up to 11.1 knows.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { commandName } from "@migwire/migwire/wire";
 *
 * assertEquals(commandName(11), "SWITCHOVER_START");
 * assertEquals(commandName(99), "command 99");
 * ```
 */
export function commandName(command: number): string {
  return NAMES.get(command) ?? `command ${command}`;
}

/** Lengths that a destination insists on; absent where the length varies (§3.6). */
const FIXED_LENGTH: ReadonlyMap<number, number> = new Map<number, number>([
  [MIG_CMD.OPEN_RETURN_PATH, 0],
  [MIG_CMD.PING, 4],
  [MIG_CMD.POSTCOPY_LISTEN, 0],
  [MIG_CMD.POSTCOPY_RUN, 0],
  [MIG_CMD.PACKAGED, 4],
  [MIG_CMD.ENABLE_COLO, 0],
  [MIG_CMD.POSTCOPY_RESUME, 0],
  [MIG_CMD.SWITCHOVER_START, 0],
]);

/** A range of a RAM block to be thrown away. */
export interface DiscardRange {
  /** First byte, inside the block. */
  start: bigint;
  /** Bytes. */
  length: bigint;
}

const discardRange = struct<DiscardRange>("discard range", [u64("start"), u64("length")]);

/** A command; which of the optional fields is there, its number and length say. */
export interface Command {
  /** 0x08. */
  type: number;
  /** One of {@linkcode MIG_CMD}. */
  command: number;
  /** Bytes of payload; never counts the blob after PACKAGED. */
  payloadLength: number;
  /** PING: its number, which comes back in a PONG. */
  value?: number;
  /** POSTCOPY_ADVISE: host page sizes of all migrated blocks, OR-ed. */
  hostPageSizes?: bigint;
  /** POSTCOPY_ADVISE: target page size, bytes. */
  targetPageSize?: number;
  /** POSTCOPY_RAM_DISCARD: 0. */
  version?: number;
  /** POSTCOPY_RAM_DISCARD, RECV_BITMAP: name of a RAM block. */
  block?: string;
  /** POSTCOPY_RAM_DISCARD: 0. */
  nul?: number;
  /** POSTCOPY_RAM_DISCARD: what to throw away. */
  ranges?: DiscardRange[];
  /** PACKAGED: bytes of the blob that follows. */
  blobLength?: number;
  /** Payload that does not have the shape of its command, or of an unknown one. */
  rawPayload?: Uint8Array;
}

type Shape = "none" | "ping" | "advise" | "discard" | "packaged" | "recv-bitmap" | "raw";

/** The shape of a payload; `raw` where its length does not fit the command. */
function shapeOf({ command, payloadLength: length, rawPayload }: Readonly<Partial<Command>>): Shape {
  // When writing, and when the payload could not be read in its command's shape, the raw bytes decide.
  if (rawPayload !== undefined) return "raw";
  switch (command) {
    case MIG_CMD.PING:
      return length === 4 ? "ping" : "raw";
    case MIG_CMD.POSTCOPY_ADVISE:
      return length === 16 ? "advise" : length === 0 ? "none" : "raw";
    case MIG_CMD.POSTCOPY_RAM_DISCARD:
      return "discard";
    case MIG_CMD.PACKAGED:
      return length === 4 ? "packaged" : "raw";
    case MIG_CMD.RECV_BITMAP:
      return "recv-bitmap";
    default:
      return length === 0 ? "none" : "raw";
  }
}

/** A version, a name of one byte with its length, a NUL, and a range. */
const DISCARD_MINIMUM = 1 + 2 + 1 + 16;

/** Whether the payload at hand has the inner lengths that its shape needs. */
function fits(decoder: Decoder, shape: "discard" | "recv-bitmap", length: number): boolean {
  decoder.need(length);
  const [first = 0, second = 0] = decoder.bytes.subarray(decoder.pos, decoder.pos + length);
  if (shape === "recv-bitmap") return length === 1 + first;
  if (length < DISCARD_MINIMUM) return false;
  const ranges = length - (1 + 1 + second + 1);
  return ranges >= 16 && ranges % 16 === 0;
}

const lengthRules: Rules<Command, number> = {
  check(length, before): Fault | undefined {
    const { command: number = 0 } = before;
    const name = commandName(number);
    if (!NAMES.has(number)) {
      return {
        code: "unknown-command",
        message: `belongs to command ${number}, which no QEMU up to 11.1 knows`,
        qemu: `MIG_CMD 0x${number.toString(16)} unknown (len 0x${length.toString(16)})`,
      };
    }
    const expected = FIXED_LENGTH.get(number);
    if (expected !== undefined && length !== expected) {
      return {
        code: "command-length",
        message: `is ${length} for ${name}, expected ${expected}`,
        qemu: `${name} received with bad length - expecting ${expected}, got ${length}`,
      };
    }
    if (number === MIG_CMD.POSTCOPY_ADVISE && length !== 0 && length !== 16) {
      return {
        code: "command-length",
        message: `is ${length} for ${name}, expected 0 or 16`,
        qemu: `CMD_POSTCOPY_ADVISE invalid length (${length})`,
      };
    }
    return undefined;
  },
};

/**
 * Layout of a command (main-channel.md §3.6 to §3.12). Codes: `unknown-command`, `command-length`, `version`, `block`,
 * `nul`. A payload that does not have its command's shape is kept as `rawPayload`, so that it can be written again.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { command, MIG_CMD } from "@migwire/migwire/wire";
 *
 * assertEquals(
 *   command.encode({ type: 8, command: MIG_CMD.PING, payloadLength: 4, value: 1 }),
 *   Uint8Array.fromHex("08" + "0002" + "0004" + "00000001"),
 * );
 *
 * const codes: string[] = [];
 * command.decode(Uint8Array.fromHex("08000b000100"), ({ code }) => codes.push(code));
 * assertEquals(codes, ["command-length"]);
 * ```
 */
export const command: Struct<Command> = struct<Command>("command", [
  u8("type"),
  u16("command", {
    meaning: (number) => commandName(number),
  }),
  u16("payloadLength", lengthRules),
  when((c) => shapeOf(c) === "ping", u32("value")),
  when(
    (c) => shapeOf(c) === "advise",
    u64("hostPageSizes", { meaning: () => "host page sizes of all RAM blocks, OR-ed" }),
    size64("targetPageSize"),
  ),
  when((c) => shapeOf(c) === "packaged", u32("blobLength", { meaning: () => "bytes of elements that follow" })),
  {
    name: "payload",
    read(decoder, into): void {
      const shape = shapeOf(into);
      const { command: number = 0, payloadLength: length = 0 } = into;
      if (shape !== "raw" && shape !== "discard" && shape !== "recv-bitmap") return;
      if (shape === "raw" || !fits(decoder, shape, length)) {
        if (shape !== "raw") {
          decoder.note({
            severity: "error",
            code: "command-length",
            field: "payloadLength",
            message: `payload of ${commandName(number)} does not have its shape (${length} bytes)`,
            qemu: shape === "discard"
              ? `CMD_POSTCOPY_RAM_DISCARD invalid length (${length})`
              : `loadvm_handle_recv_bitmap: invalid payload length (${length})`,
          });
        }
        rawPayload.read(decoder, into);
      } else if (shape === "discard") { for (const row of discardPayload) row.read(decoder, into); }
      else blockName.read(decoder, into);
    },
    write(writer, from): void {
      const shape = shapeOf(from);
      if (shape === "raw") rawPayload.write(writer, from);
      else if (shape === "discard") { for (const row of discardPayload) row.write(writer, from); }
      else if (shape === "recv-bitmap") blockName.write(writer, from);
    },
  },
]);

const rawPayload = bytes<Command>("rawPayload", ({ payloadLength = 0 }) => payloadLength);
const blockName = cstr8<Command>("block", {
  check: (name, { command }) =>
    name.length > 0 ? undefined : {
      code: "block",
      message: "is empty",
      qemu: command === MIG_CMD.RECV_BITMAP
        ? "loadvm_handle_recv_bitmap: failed to read block name"
        : "CMD_POSTCOPY_RAM_DISCARD Failed to read RAMBlock ID",
    },
});
const discardPayload = [
  u8<Command>("version", {
    check: (version) =>
      version === 0 ? undefined : {
        code: "version",
        message: `is ${version}, expected 0`,
        qemu: `CMD_POSTCOPY_RAM_DISCARD invalid version (${version})`,
      },
  }),
  blockName,
  u8<Command>("nul", {
    check: (nul) =>
      nul === 0 ? undefined : {
        code: "nul",
        message: `is ${nul}, expected 0`,
        qemu: `CMD_POSTCOPY_RAM_DISCARD missing nil (${nul})`,
      },
  }),
  repeated<Command, DiscardRange>(
    "ranges",
    ({ payloadLength = 0, block = "" }) => (payloadLength - 3 - encodeText(block).length) / 16,
    discardRange,
  ),
];
