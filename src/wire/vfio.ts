/**
 * What a VFIO device writes: the tags of its section on the main channel, and the header of its device-state packets on
 * multifd channels (vfio.md §3, multifd.md §5.5). The config blob is in `vfio_config.ts`.
 *
 * `NAME` in QEMU's texts stands for QEMU's name of the device, which is not in the stream (vfio.md §2.3).
 *
 * @module
 */

import type { Decoder } from "./decoder.ts";
import { mustBe, size64, u32, u64 } from "./fields.ts";
import { hex } from "./finding.ts";
import { type Field, type Struct, struct } from "./struct.ts";

/** Ends the body of a section. */
export const VFIO_MIG_FLAG_END_OF_STATE = 0xffffffffef100001n;
/** The config blob follows, then END_OF_STATE. */
export const VFIO_MIG_FLAG_DEV_CONFIG_STATE = 0xffffffffef100002n;
/** The device begins to migrate; END_OF_STATE follows. */
export const VFIO_MIG_FLAG_DEV_SETUP_STATE = 0xffffffffef100003n;
/** A size and so many bytes of device data follow, then another tag. */
export const VFIO_MIG_FLAG_DEV_DATA_STATE = 0xffffffffef100004n;
/** The initial bytes of pre-copy are all sent; ends the body by itself. */
export const VFIO_MIG_FLAG_DEV_INIT_DATA_SENT = 0xffffffffef100005n;
/** The config that came over multifd may be loaded now; ends the body by itself. QEMU 10.1 and later. */
export const VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY = 0xffffffffef100006n;

const TAG_NAMES: ReadonlyMap<bigint, string> = new Map([
  [VFIO_MIG_FLAG_END_OF_STATE, "VFIO_MIG_FLAG_END_OF_STATE"],
  [VFIO_MIG_FLAG_DEV_CONFIG_STATE, "VFIO_MIG_FLAG_DEV_CONFIG_STATE"],
  [VFIO_MIG_FLAG_DEV_SETUP_STATE, "VFIO_MIG_FLAG_DEV_SETUP_STATE"],
  [VFIO_MIG_FLAG_DEV_DATA_STATE, "VFIO_MIG_FLAG_DEV_DATA_STATE"],
  [VFIO_MIG_FLAG_DEV_INIT_DATA_SENT, "VFIO_MIG_FLAG_DEV_INIT_DATA_SENT"],
  [VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY, "VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY"],
]);

/**
 * QEMU's name of a tag (vfio.md §3.1); `undefined` for a value that is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vfioTagName } from "@migwire/migwire/wire";
 *
 * assertEquals(vfioTagName(0xffffffffef100006n), "VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY");
 * assertEquals(vfioTagName(0n), undefined);
 * ```
 */
export function vfioTagName(tag: bigint): string | undefined {
  return TAG_NAMES.get(tag);
}

/** A tag that stands alone. */
export interface VfioTag {
  /** One of the `VFIO_MIG_FLAG_` values. */
  tag: bigint;
}

/** Head of a piece of device data; `size` bytes follow. */
export interface VfioData {
  /** {@linkcode VFIO_MIG_FLAG_DEV_DATA_STATE}. */
  tag: bigint;
  /** Bytes of device data. QEMU writes 1..1048576. */
  size: number;
}

/** The row of a tag that must be `expected`. */
export function tagRow<T extends VfioTag>(expected: bigint): Field<T> {
  return u64<VfioTag>("tag", {
    meaning: vfioTagName,
    ...mustBe(expected, (found) => ({ code: "unknown-tag", qemu: `NAME: Unknown tag ${hex(found)}`, fatal: true })),
  }) as Field<T>;
}

/**
 * END_OF_STATE, 8 bytes (vfio.md §3.1). Code: `unknown-tag`, fatal, as for each of these tags.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vfioEndOfState } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("ffffffffef100001");
 * assertEquals(vfioEndOfState.annotate(bytes)[0]?.meaning, "VFIO_MIG_FLAG_END_OF_STATE");
 * ```
 */
export const vfioEndOfState: Struct<VfioTag> = struct<VfioTag>("VFIO end of state", [
  tagRow(VFIO_MIG_FLAG_END_OF_STATE),
]);

/**
 * DEV_SETUP_STATE, 8 bytes (vfio.md §3.1); END_OF_STATE must follow.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { VFIO_MIG_FLAG_DEV_SETUP_STATE, vfioSetupState } from "@migwire/migwire/wire";
 *
 * const bytes = vfioSetupState.encode({ tag: VFIO_MIG_FLAG_DEV_SETUP_STATE });
 * assertEquals(bytes, Uint8Array.fromHex("ffffffffef100003"));
 * ```
 */
export const vfioSetupState: Struct<VfioTag> = struct<VfioTag>("VFIO setup state", [
  tagRow(VFIO_MIG_FLAG_DEV_SETUP_STATE),
]);

/**
 * DEV_INIT_DATA_SENT, 8 bytes (vfio.md §3.1); ends the body.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { VFIO_MIG_FLAG_DEV_INIT_DATA_SENT, vfioInitDataSent } from "@migwire/migwire/wire";
 *
 * const { tag } = vfioInitDataSent.decode(Uint8Array.fromHex("ffffffffef100005"));
 * assertEquals(tag, VFIO_MIG_FLAG_DEV_INIT_DATA_SENT);
 * ```
 */
export const vfioInitDataSent: Struct<VfioTag> = struct<VfioTag>("VFIO init data sent", [
  tagRow(VFIO_MIG_FLAG_DEV_INIT_DATA_SENT),
]);

/**
 * DEV_CONFIG_LOAD_READY, 8 bytes (vfio.md §3.1), since QEMU 10.1; ends the body.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { vfioConfigLoadReady, WireError } from "@migwire/migwire/wire";
 *
 * const error = assertThrows(() => vfioConfigLoadReady.decode(Uint8Array.fromHex("ffffffffef100007")), WireError);
 * assertEquals(error.finding.qemu, "NAME: Unknown tag 0xffffffffef100007");
 * ```
 */
export const vfioConfigLoadReady: Struct<VfioTag> = struct<VfioTag>("VFIO config load ready", [
  tagRow(VFIO_MIG_FLAG_DEV_CONFIG_LOAD_READY),
]);

/**
 * DEV_DATA_STATE and the size of the data that follows, in bytes (vfio.md §3.1): 16 bytes. Code: the warning
 * `empty-record`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vfioData } from "@migwire/migwire/wire";
 *
 * const bytes = Uint8Array.fromHex("ffffffffef100004" + "0000000000000004"); // then deadbeef
 * assertEquals(vfioData.decode(bytes).size, 4);
 * ```
 */
export const vfioData: Struct<VfioData> = struct<VfioData>("VFIO data", [
  tagRow(VFIO_MIG_FLAG_DEV_DATA_STATE),
  size64("size", {
    check: (size) =>
      size > 0 ? undefined : {
        code: "empty-record",
        severity: "warning",
        message: "is 0: no QEMU writes an empty record, though all read it",
      },
  }),
]);

/** Bytes of the header of a device-state packet's payload. */
export const VFIO_PACKET_HEADER_SIZE = 12;
/** Version of the header that all QEMUs write. */
export const VFIO_DEVICE_STATE_PACKET_VER_CURRENT = 0;
/** Flag: the packet is the device's config, and the device's last. */
export const VFIO_DEVICE_STATE_CONFIG_STATE = 1;

/** What a device-state packet of a VFIO device begins with; the data follow. */
export interface VfioPacketHeader {
  /** {@linkcode VFIO_DEVICE_STATE_PACKET_VER_CURRENT}. */
  version: number;
  /** Number of the buffer: 0, 1, 2, … for each device. */
  idx: number;
  /** {@linkcode VFIO_DEVICE_STATE_CONFIG_STATE} or 0. */
  flags: number;
}

/**
 * Header of a VFIO device-state packet, 12 bytes (multifd.md §5.5). Codes: `version`, `idx`, and the warning `flags`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { VFIO_DEVICE_STATE_CONFIG_STATE, vfioPacketHeader } from "@migwire/migwire/wire";
 *
 * const header = vfioPacketHeader.decode(Uint8Array.fromHex("00000000" + "00000007" + "00000001"));
 * assertEquals(header, { version: 0, idx: 7, flags: VFIO_DEVICE_STATE_CONFIG_STATE });
 * ```
 */
export const vfioPacketHeader: Struct<VfioPacketHeader> = struct<VfioPacketHeader>("VFIO device state packet", [
  u32(
    "version",
    mustBe(VFIO_DEVICE_STATE_PACKET_VER_CURRENT, (found) => ({
      code: "version",
      qemu: `NAME: packet has unknown version ${found}`,
    })),
  ),
  u32("idx", {
    check: (idx) =>
      idx === 0xffffffff
        ? { code: "idx", message: "is 0xffffffff, which is no index", qemu: "NAME: packet index is invalid" }
        : undefined,
  }),
  u32("flags", {
    meaning: (flags) => (flags & VFIO_DEVICE_STATE_CONFIG_STATE) !== 0 ? "CONFIG_STATE" : undefined,
    check: (flags) => {
      const unknown = (flags & ~VFIO_DEVICE_STATE_CONFIG_STATE) >>> 0;
      return unknown === 0 ? undefined : {
        code: "flags",
        severity: "warning",
        message: `has bits ${hex(unknown)} that mean nothing; QEMU ignores them`,
      };
    },
  }),
]);

/**
 * Reads the header of a VFIO device-state packet whose payload has `payloadLength` bytes, header included. A payload
 * that is too short is noted (code `short`) and gives `undefined`; then nothing is read. A data packet without data is
 * legal but suspicious (warning `empty-buffer`).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Decoder } from "@migwire/migwire/wire";
 * import { readVfioPacketHeader } from "./vfio.ts";
 *
 * const payload = Uint8Array.fromHex("000000000000000700000001ffffffffef100002");
 * const header = readVfioPacketHeader(new Decoder(payload), payload.length);
 * assertEquals(header, { version: 0, idx: 7, flags: 1 });
 * ```
 */
export function readVfioPacketHeader(decoder: Decoder, payloadLength: number): VfioPacketHeader | undefined {
  if (payloadLength < VFIO_PACKET_HEADER_SIZE) {
    decoder.note({
      severity: "error",
      code: "short",
      message: `the VFIO packet has ${payloadLength} bytes, its header alone takes ${VFIO_PACKET_HEADER_SIZE}`,
      qemu: `NAME: packet too short at ${payloadLength} (min is ${VFIO_PACKET_HEADER_SIZE})`,
    });
    return undefined;
  }
  const header = vfioPacketHeader.read(decoder);
  if (payloadLength === VFIO_PACKET_HEADER_SIZE && (header.flags & VFIO_DEVICE_STATE_CONFIG_STATE) === 0) {
    decoder.note({
      severity: "warning",
      code: "empty-buffer",
      message: `buffer ${header.idx} is empty: no QEMU writes such a packet, though all read it`,
    });
  }
  return header;
}
