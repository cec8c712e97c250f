/** Small streams for the tests of this folder: a pc with pages of 4 KiB. @module */

import { concat } from "@std/bytes/concat";
import { ByteWriter, encodeText } from "../bytes/mod.ts";
import { type Capture, MemorySource } from "../capture/mod.ts";
import {
  deviceStateHeader,
  MULTIFD_COMPRESSION_FLAGS,
  MULTIFD_FLAG,
  type MultifdCompression,
  multifdRamHeader,
  RAM_SAVE_FLAG,
} from "../wire/mod.ts";

/** Bytes of a page. */
export const PAGE = 4096;

/** A capture of connections in memory, from source to destination, in their order. */
export function memoryCapture(...connections: Uint8Array[]): Capture {
  return {
    name: "test",
    kind: "directory",
    channels: connections.map((bytes, index) => ({
      label: `channel-${index}`,
      index,
      direction: "s2d",
      isFile: false,
      source: new MemorySource(bytes),
    })),
    findings: [],
    close(): void {},
  };
}

/** A page filled with `byte`. */
export function pageOf(byte: number): Uint8Array {
  return new Uint8Array(PAGE).fill(byte);
}

function bytes(...parts: (number | bigint | string | Uint8Array)[]): Uint8Array {
  const writer = new ByteWriter();
  for (const part of parts) {
    if (typeof part === "bigint") writer.u64(part);
    else if (typeof part === "number") writer.u32(part);
    else if (typeof part === "string") {
      const name = encodeText(part);
      writer.u8(name.length);
      writer.put(name);
    } else writer.put(part);
  }
  return writer.finish();
}

function ramRecord(flag: number, offset: number, ...rest: Parameters<typeof bytes>): Uint8Array {
  return bytes(BigInt(offset + flag), ...rest);
}

/** Records of RAM sections. */
export const ram = {
  /** A page. */
  page: (block: string, offset: number, content: Uint8Array): Uint8Array =>
    ramRecord(RAM_SAVE_FLAG.PAGE, offset, block, content),
  /** A page of one byte. */
  zero: (block: string, offset: number, fill = 0): Uint8Array =>
    ramRecord(RAM_SAVE_FLAG.ZERO, offset, block, Uint8Array.of(fill)),
  /** A difference. */
  xbzrle: (block: string, offset: number, encoded: Uint8Array): Uint8Array =>
    ramRecord(
      RAM_SAVE_FLAG.XBZRLE,
      offset,
      block,
      Uint8Array.of(1, encoded.length >> 8, encoded.length & 0xff),
      encoded,
    ),
  /** A zlib stream. */
  compressed: (block: string, offset: number, stream: Uint8Array): Uint8Array =>
    ramRecord(RAM_SAVE_FLAG.COMPRESS_PAGE, offset, block, stream.length, stream),
  /** MULTIFD_FLUSH. */
  flush: (): Uint8Array => ramRecord(RAM_SAVE_FLAG.MULTIFD_FLUSH, 0),
};

/** Commands. */
export const command = {
  /** Postcopy may come, with pages of 4 KiB. */
  advise: (): Uint8Array => bytes(Uint8Array.of(8, 0, 3, 0, 16), 4096n, 4096n),
  /** Pages are thrown away. */
  discard: (block: string, start: number, length: number): Uint8Array => {
    const payload = bytes(Uint8Array.of(0), block, Uint8Array.of(0), BigInt(start), BigInt(length));
    return bytes(Uint8Array.of(8, 0, 6, 0, payload.length), payload);
  },
  /** Postcopy begins. */
  listen: (): Uint8Array => Uint8Array.of(8, 0, 4, 0, 0),
};

/** A body of a RAM section that is not the first. */
export function ramPart(...records: Uint8Array[]): Uint8Array {
  return bytes(Uint8Array.of(2), 0, ...records, ramRecord(RAM_SAVE_FLAG.EOS, 0), Uint8Array.of(0x7e), 0);
}

/** A main channel: header, `before`, a RAM section with the list of `blocks`, then `rest` and EOF. */
export function mainChannel(
  blocks: Readonly<Record<string, number>>,
  rest: readonly Uint8Array[],
  { first = [], before = [] }: { first?: Uint8Array[]; before?: Uint8Array[] } = {},
): Uint8Array {
  const total = Object.values(blocks).reduce((sum, length) => sum + length, 0);
  return bytes(
    encodeText("QEVM"),
    3,
    Uint8Array.of(7, 0, 0, 0, 2),
    encodeText("pc"),
    ...before,
    Uint8Array.of(1),
    0,
    "ram",
    0,
    4,
    ramRecord(RAM_SAVE_FLAG.MEM_SIZE, total),
    ...Object.entries(blocks).flatMap(([name, length]) => [name, BigInt(length)]),
    ...first,
    ramRecord(RAM_SAVE_FLAG.EOS, 0),
    Uint8Array.of(0x7e),
    0,
    ...rest,
    Uint8Array.of(0),
  );
}

/** A page of a multifd packet; without content it is zero. */
export interface PacketPage {
  readonly offset: number;
  readonly content?: Uint8Array;
}

/** Packets of multifd channels. */
export const packet = {
  /** The first packet of channel `id`. */
  init: (id: number): Uint8Array => {
    const init = new Uint8Array(64);
    init.set(bytes(0x11223344, 1));
    init[24] = id;
    return init;
  },
  /** Pages that are not compressed, or are what `compressed` says. */
  ram: (
    ramblock: string,
    pages: readonly PacketPage[],
    compressed?: { method: MultifdCompression; payload: Uint8Array },
  ): Uint8Array => {
    const normal = pages.filter(({ content }) => content !== undefined);
    const zero = pages.filter(({ content }) => content === undefined);
    const { method, payload } = compressed ?? {
      method: "none",
      payload: concat(normal.map(({ content = pageOf(0) }) => content)),
    };
    const header = multifdRamHeader(PAGE).encode({
      magic: 0x11223344,
      version: 1,
      flags: MULTIFD_COMPRESSION_FLAGS[method],
      pagesAlloc: 128,
      normalPages: normal.length,
      nextPacketSize: payload.length,
      packetNum: 0n,
      zeroPages: zero.length,
      ramblock,
      pageSize: PAGE,
      pageOffsets: [...normal, ...zero].map(({ offset }) => offset),
    });
    return concat([header, payload]);
  },
  /** SYNC. */
  sync: (): Uint8Array => {
    const sync = packet.ram("", []);
    sync[11] = MULTIFD_FLAG.SYNC;
    return sync;
  },
  /** A buffer of a device, or its config. */
  device: (idstr: string, idx: number, data: Uint8Array, isConfig = false): Uint8Array => {
    const header = deviceStateHeader().encode({
      magic: 0x11223344,
      version: 1,
      flags: MULTIFD_FLAG.DEVICE_STATE,
      idstr,
      instanceId: 0,
      nextPacketSize: 12 + data.length,
    });
    return bytes(header, 0, idx, isConfig ? 1 : 0, data);
  },
};
