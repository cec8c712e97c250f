/**
 * The config of a VFIO PCI device as it migrates: PCI config space, INTx pins, MSI-X table (vfio.md §4). On the main
 * channel it stands behind a tag in the device's section; over multifd it is the last packet of the device.
 *
 * `NAME` in QEMU's texts stands for QEMU's name of the device, which is not in the stream (vfio.md §2.3).
 *
 * @module
 */

import { Incomplete } from "../bytes/mod.ts";
import { Decoder, type DecoderOptions } from "./decoder.ts";
import { bytes, cstr8, type Fault, i32, nested, repeatedWhile, type Rules, u32, u32le, u64, u8 } from "./fields.ts";
import { hex } from "./finding.ts";
import { msixVectors } from "./pci_capabilities.ts";
import { type Field, type Struct, struct } from "./struct.ts";
import { tagRow, VFIO_MIG_FLAG_DEV_CONFIG_STATE, VFIO_MIG_FLAG_END_OF_STATE, vfioTagName } from "./vfio.ts";
import { type BlobEnd, configSpaceSize, isSubsectionAt, mayEndAt } from "./vfio_config_size.ts";

/** Version of the PCI fields that QEMU writes, and the highest it reads. */
const PCI_DEVICE_VERSION = 2;
/** Name of the only subsection. */
const DISPLAY_SUBSECTION = "VFIOPCIDevice/VFIODisplay";

/** An entry of the MSI-X table, as the guest wrote it. */
export interface MsixEntry {
  /** Lower half of the address that the message is written to. */
  addressLow: number;
  /** Upper half. */
  addressHigh: number;
  /** The message. */
  data: number;
  /** Bit 0: the vector is masked. */
  vectorControl: number;
}

/**
 * An entry of an MSI-X table, 16 bytes, little-endian as in the device (vfio.md §4.1).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { msixEntry } from "@migwire/migwire/wire";
 *
 * const entry = msixEntry.decode(Uint8Array.fromHex("0000e0fe" + "00000000" + "20400000" + "00000000"));
 * assertEquals([entry.addressLow, entry.data, entry.vectorControl & 1], [0xfee00000, 0x4020, 0]);
 * ```
 */
export const msixEntry: Struct<MsixEntry> = struct<MsixEntry>("MSI-X table entry", [
  u32le("addressLow"),
  u32le("addressHigh"),
  u32le("data"),
  u32le("vectorControl", { meaning: (control) => (control & 1) === 0 ? "unmasked" : "masked" }),
]);

/** The frame buffer that the guest set up before it had a display driver (vfio.md §4.2). */
export interface VfioDisplay {
  /** Marks a subsection: 5. */
  marker: number;
  /** `VFIOPCIDevice/VFIODisplay`. */
  name: string;
  /** 1. */
  version: number;
  /** Guest address of the frame buffer. */
  addr: bigint;
  /** Pixel format, a DRM code of four characters. */
  fourcc: number;
  /** 0. */
  flags: number;
  /** Pixels in a line. */
  width: number;
  /** Lines. */
  height: number;
  /** Bytes from one line to the next. */
  stride: number;
}

/**
 * The display subsection of a config (vfio.md §4.2). Codes: `unknown-subsection`, fatal, `subsection-version`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vfioDisplay } from "@migwire/migwire/wire";
 *
 * const name = "19" + new TextEncoder().encode("VFIOPCIDevice/VFIODisplay").toHex();
 * const values = "000000007fe00000" + "34325258" + "00000000" + "00000400" + "00000300" + "00001000";
 * const display = vfioDisplay.decode(Uint8Array.fromHex("05" + name + "00000001" + values));
 * assertEquals([display.addr, display.width, display.height, display.stride], [0x7fe00000n, 1024, 768, 4096]);
 * ```
 */
export const vfioDisplay: Struct<VfioDisplay> = struct<VfioDisplay>("VFIO display", [
  u8("marker"),
  cstr8("name", {
    check: (name) =>
      name === DISPLAY_SUBSECTION ? undefined : {
        code: "unknown-subsection",
        message: `is ${JSON.stringify(name)}: a device's config has no such subsection`,
        qemu: `VM subsection '${name}' in 'VFIOPCIDevice' does not exist`,
        fatal: true,
      },
  }),
  u32("version", {
    check: (version) =>
      version <= 1 ? undefined : {
        code: "subsection-version",
        message: `is ${version}, at most 1 is known`,
        qemu: `${DISPLAY_SUBSECTION}: incoming version_id ${version} is too new for local version_id 1`,
      },
  }),
  u64("addr"),
  u32("fourcc", { meaning: fourccText }),
  u32("flags"),
  u32("width"),
  u32("height"),
  u32("stride"),
]);

function fourccText(fourcc: number): string | undefined {
  const text = String.fromCharCode(fourcc & 0xff, fourcc >>> 8 & 0xff, fourcc >>> 16 & 0xff, fourcc >>> 24);
  return /^[ -~]{4}$/.test(text) ? text : undefined;
}

/** Config of a VFIO PCI device. */
export interface VfioConfig {
  /** Version of the fields; QEMU writes 2. */
  pciVersion: number;
  /** PCI config space, 256 or 4096 bytes; see `decodePciConfig`. */
  configSpace: Uint8Array;
  /** State of interrupt pin A, 0 or 1. */
  intxA: number;
  /** State of interrupt pin B. */
  intxB: number;
  /** State of interrupt pin C. */
  intxC: number;
  /** State of interrupt pin D. */
  intxD: number;
  /** MSI-X table; empty without MSI-X. */
  msixTable: MsixEntry[];
  /** MSI-X pending bits: vector v is bit v % 8 of byte v / 8. */
  msixPending: Uint8Array;
  /** Frame buffer of a device with `ramfb`. */
  display?: VfioDisplay;
}

/** `get_pci_irq_state()` of QEMU prints the value as a signed number. */
const pin: Rules<VfioConfig, number> = {
  check: (state) =>
    state <= 1
      ? undefined
      : { code: "irq", message: `is ${state}, not 0 or 1`, qemu: `irq state ${state | 0}: must be 0 or 1.` },
};

/** The rows of a blob. What stands behind a field decides about the next: the blob has no counts of its own. */
function blobRows(end: BlobEnd): Field<VfioConfig>[] {
  return [
    i32("pciVersion", {
      check: (version) =>
        version >= 0 && version <= PCI_DEVICE_VERSION ? undefined : {
          code: "pci-version",
          message: `is ${version}, 0 to ${PCI_DEVICE_VERSION} are known`,
          qemu: `Invalid value ${version} expecting positive value <= ${PCI_DEVICE_VERSION}`,
        },
    }),
    configSpaceRow(end),
    u32("intxA", pin),
    u32("intxB", pin),
    u32("intxC", pin),
    u32("intxD", pin),
    repeatedWhile("msixTable", (decoder, soFar, { configSpace = new Uint8Array() }) => {
      if (soFar.length === 0 && mayEndAt(decoder, decoder.pos, end)) return false;
      return soFar.length < msixVectors(configSpace.subarray(0, 256));
    }, msixEntry),
    bytes("msixPending", ({ msixTable = [] }) => Math.ceil(msixTable.length / 8)),
    displayRow,
  ];
}

function configSpaceRow(end: BlobEnd): Field<VfioConfig> {
  const row = (size: number): Field<VfioConfig> => bytes<VfioConfig>("configSpace", size);
  return {
    ...row(0),
    read: (decoder, into) => row(configSpaceSize(decoder, end)).read(decoder, into),
  };
}

const displayRow: Field<VfioConfig> = {
  name: "display",
  read(decoder, into): void {
    if (!isSubsectionAt(decoder, decoder.pos)) return;
    into.display = decoder.within("display", () => vfioDisplay.read(decoder));
  },
  write(writer, { display }): void {
    if (display !== undefined) vfioDisplay.write(writer, display);
  },
};

/**
 * The config blob of a VFIO PCI device, when the bytes at hand are all of it, with or without what follows it (vfio.md
 * §4.1). Codes: `pci-version`, `irq`, and those of {@linkcode vfioDisplay}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vfioConfig } from "@migwire/migwire/wire";
 *
 * const bytes = vfioConfig.encode({
 *   pciVersion: 2,
 *   configSpace: new Uint8Array(256),
 *   intxA: 0,
 *   intxB: 0,
 *   intxC: 0,
 *   intxD: 0,
 *   msixTable: [],
 *   msixPending: new Uint8Array(0),
 * });
 * assertEquals(bytes.length, 4 + 256 + 4 * 4);
 * assertEquals(vfioConfig.decode(bytes).configSpace.length, 256);
 * ```
 */
export const vfioConfig: Struct<VfioConfig> = struct<VfioConfig>("VFIO device config", blobRows("whole"));

/** DEV_CONFIG_STATE of the main channel: its tag, and the config. END_OF_STATE must follow. */
export interface VfioConfigState {
  /** {@linkcode VFIO_MIG_FLAG_DEV_CONFIG_STATE}. */
  tag: bigint;
  /** The config. */
  config: VfioConfig;
}

function configState(config: Struct<VfioConfig>): Struct<VfioConfigState> {
  return struct<VfioConfigState>("VFIO config state", [
    tagRow(VFIO_MIG_FLAG_DEV_CONFIG_STATE),
    nested("config", config),
  ]);
}

/**
 * DEV_CONFIG_STATE of the main channel, when the bytes at hand are all of it: its tag, and the config (vfio.md §3.1,
 * §4.1). Codes: `unknown-tag`, fatal, and those of {@linkcode vfioConfig}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vfioConfigState } from "@migwire/migwire/wire";
 *
 * const bytes = new Uint8Array(8 + 276);
 * bytes.set(Uint8Array.fromHex("ffffffffef100002" + "00000002" + "b3151e10"));
 * const { config } = vfioConfigState.decode(bytes);
 * assertEquals(config.configSpace.subarray(0, 4), Uint8Array.fromHex("b3151e10"));
 * ```
 */
export const vfioConfigState: Struct<VfioConfigState> = configState(vfioConfig);

/**
 * DEV_CONFIG_STATE where it comes by on a channel (vfio.md §3.1, §4.1). Asks for bytes up to the END_OF_STATE behind
 * the config, as only that tells how long the config is; the END_OF_STATE itself is not read. Codes as for
 * {@linkcode vfioConfigState}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Decoder, vfioConfigStateOnChannel } from "@migwire/migwire/wire";
 *
 * const bytes = new Uint8Array(8 + 276 + 8);
 * bytes.set(Uint8Array.fromHex("ffffffffef100002" + "00000002"));
 * bytes.set(Uint8Array.fromHex("ffffffffef100001"), 8 + 276);
 * const decoder = new Decoder(bytes);
 * assertEquals(vfioConfigStateOnChannel.read(decoder).config.pciVersion, 2);
 * assertEquals(decoder.offset, 8 + 276);
 * ```
 */
export const vfioConfigStateOnChannel: Struct<VfioConfigState> = configState(
  struct<VfioConfig>("VFIO device config", blobRows("stream")),
);

/** Data of the device's last packet in multifd mode, the one with the flag CONFIG_STATE. */
export interface VfioConfigPacket {
  /** {@linkcode VFIO_MIG_FLAG_DEV_CONFIG_STATE}. */
  tag: bigint;
  /** The config. */
  config: VfioConfig;
  /** {@linkcode VFIO_MIG_FLAG_END_OF_STATE}. */
  end: bigint;
  /** Bytes behind the end, which QEMU ignores; normally none. */
  trailing: Uint8Array;
}

/** What is wrong with a config that `found` stands behind instead of END_OF_STATE. */
export function configEndFault(found: bigint): Fault {
  return {
    code: "config-end",
    message: `is ${hex(found)}, expected ${hex(VFIO_MIG_FLAG_END_OF_STATE)}`,
    qemu: `NAME: Failed loading device config space, end flag incorrect ${hex(found)}`,
  };
}

/** The u64 that QEMU reads where fewer than 8 bytes are left: each missing byte reads as 0. */
function paddedU64({ bytes, pos, end }: Decoder): bigint {
  const padded = new Uint8Array(8);
  padded.set(bytes.subarray(pos, end));
  return new DataView(padded.buffer).getBigUint64(0);
}

/** A u64 that must be `expected`. Where fewer than 8 bytes are left nothing can be read, and the fault is fatal. */
function packetWordRow(
  name: "tag" | "end",
  expected: bigint,
  fault: (found: bigint) => Fault,
): Field<VfioConfigPacket> {
  const row = u64<VfioConfigPacket>(name, {
    meaning: vfioTagName,
    check: (found) => found === expected ? undefined : fault(found),
  });
  return {
    ...row,
    read(decoder, into): void {
      if (decoder.available >= 8) return row.read(decoder, into);
      const { code, message, qemu = "" } = fault(paddedU64(decoder));
      decoder.fail({ code, field: name, message: `${name} ${message}`, qemu });
    },
  };
}

const packetTagRow: Field<VfioConfigPacket> = packetWordRow("tag", VFIO_MIG_FLAG_DEV_CONFIG_STATE, (found) => ({
  code: "config-tag",
  message: `is ${hex(found)}, expected ${hex(VFIO_MIG_FLAG_DEV_CONFIG_STATE)}`,
  qemu: `NAME: expected FLAG_DEV_CONFIG_STATE but got ${found.toString(16)}`,
  fatal: true,
}));

const packetEndRow: Field<VfioConfigPacket> = packetWordRow("end", VFIO_MIG_FLAG_END_OF_STATE, (found) => {
  const fault = configEndFault(found);
  return { ...fault, qemu: `${fault.qemu}\nNAME: vfio_load_device_config_state() failed: -22` };
});

const trailingRow: Field<VfioConfigPacket> = {
  name: "trailing",
  read(decoder, into): void {
    bytes<VfioConfigPacket>("trailing", decoder.available, {
      check: ({ length }) =>
        length === 0 ? undefined : {
          code: "trailing",
          severity: "warning",
          message: `is ${length} bytes behind the end of the config; QEMU ignores them`,
        },
    }).read(decoder, into);
  },
  write: (writer, { trailing }): void => writer.put(trailing),
};

/**
 * Data of a config packet, behind its 12-byte VFIO header; reads all that the decoder has (vfio.md §4.3). Codes:
 * `config-tag`, fatal, `config-end`, the warning `trailing`, and those of {@linkcode vfioConfig}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { vfioConfigPacket } from "@migwire/migwire/wire";
 *
 * const bytes = new Uint8Array(8 + 276 + 8);
 * bytes.set(Uint8Array.fromHex("ffffffffef100002" + "00000002"));
 * bytes.set(Uint8Array.fromHex("ffffffffef100003"), 8 + 276);
 * const codes: string[] = [];
 * vfioConfigPacket.decode(bytes, ({ code }) => codes.push(code));
 * assertEquals(codes, ["config-end"]);
 * ```
 */
export const vfioConfigPacket: Struct<VfioConfigPacket> = struct<VfioConfigPacket>("VFIO config packet", [
  packetTagRow,
  nested("config", vfioConfig),
  packetEndRow,
  trailingRow,
]);

/** How {@linkcode parseConfigBlob} and {@linkcode parseConfigPacket} report. */
export interface ConfigOptions extends DecoderOptions {
  /** Channel offset of the first byte, for findings. */
  readonly base?: number;
}

function readWhole<T>(layout: Struct<T>, bytes: Uint8Array, options: ConfigOptions): T {
  const decoder = new Decoder(bytes, options.base ?? 0, options);
  try {
    return layout.read(decoder);
  } catch (error) {
    if (!(error instanceof Incomplete)) throw error;
    return decoder.fail({
      code: "truncated",
      offset: decoder.base + bytes.length,
      message: `the ${layout.name} ends inside: at least ${error.missing} more bytes had to come`,
      qemu: "NAME: Failed to load device config space",
    });
  }
}

/**
 * Reads a config blob from the start of `bytes`, which hold all of it and may hold what follows it. Throws `WireError`
 * where they end inside of it; other faults go to `options.report`, or throw with `options.strict` (vfio.md §4.1).
 *
 * @param bytes From the first byte of the blob.
 * @param options Whom to tell, and what to call the channel.
 * @returns The config.
 * @throws `WireError` with code `truncated` if the bytes end inside of the blob.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseConfigBlob } from "@migwire/migwire/wire";
 *
 * const blob = new Uint8Array(276);
 * blob[3] = 2; // version of the PCI fields
 * blob.set([0xb3, 0x15, 0x1e, 0x10], 4); // vendor and device, little-endian
 * const config = parseConfigBlob(blob);
 * assertEquals(config.configSpace.length, 256);
 * assertEquals(config.msixTable, []);
 * ```
 */
export function parseConfigBlob(bytes: Uint8Array, options: ConfigOptions = {}): VfioConfig {
  return readWhole(vfioConfig, bytes, options);
}

/**
 * Reads the data of a config packet, what follows the packet's 12-byte VFIO header: tag, config, END_OF_STATE. Throws
 * `WireError` where they are cut or are something else (codes `truncated`, `config-tag`); other faults go to
 * `options.report`, or throw with `options.strict` (vfio.md §4.3).
 *
 * @param data The packet's payload from its byte 12 on.
 * @param options Whom to tell, and what to call the channel.
 * @returns The config, and what stands around it.
 * @throws `WireError` with code `truncated` or `config-tag` if that is no config.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { parseConfigPacket, WireError } from "@migwire/migwire/wire";
 *
 * const error = assertThrows(() => parseConfigPacket(new Uint8Array(0)), WireError);
 * assertEquals(error.finding.qemu, "NAME: expected FLAG_DEV_CONFIG_STATE but got 0");
 * ```
 */
export function parseConfigPacket(data: Uint8Array, options: ConfigOptions = {}): VfioConfigPacket {
  return readWhole(vfioConfigPacket, data, options);
}
