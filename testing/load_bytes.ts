/** Loads streams that are made of bytes in memory. @module */

import type { BenchOptions } from "./destination_bench.ts";
import { settingsOf } from "./destination_bench.ts";
import { ascii, be, bytesOf, type MainStream, type Piece, stream } from "./main_stream.ts";
import { DEVICE, memoryCapture, multifdChannel, VFIO_TAG } from "./memory_capture.ts";
import { loadCapture, type LoadOptions, type LoadResult } from "../src/load/mod.ts";

/** Section of the device of most examples. */
export const SECTION = 5;

/** A main stream up to where the device was set up and its load thread started. */
export function startedStream(): MainStream {
  return stream().start(SECTION, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end]).command(11);
}

/** A main stream with all that belongs to a device over multifd. */
export function wholeStream(): Uint8Array {
  return startedStream().end(SECTION, VFIO_TAG.end).full(SECTION, DEVICE, 1, VFIO_TAG.end).eof().bytes();
}

/** How a device-state packet differs from a right one. */
export interface PacketFields {
  readonly flags?: number;
  /** The 256 bytes of the name. */
  readonly idstr?: Uint8Array;
  readonly instance?: number;
  /** Length as the header says. */
  readonly size?: number;
  readonly version?: number;
  readonly vfioFlags?: number;
}

/** Text with NULs up to 256 bytes. */
export const padded = (text: string): Uint8Array => bytesOf(ascii(text), new Uint8Array(256 - text.length));

/** A device-state packet with `data` behind the VFIO header. */
export function packet(idx: number, data: Piece, fields: PacketFields = {}): Uint8Array {
  const { version = 0, vfioFlags = 0 } = fields;
  return rawPacket([be(version, 4), be(idx, 4), be(vfioFlags, 4), data], fields);
}

/** A device-state packet with any payload. */
export function rawPacket(payload: Piece, fields: PacketFields = {}): Uint8Array {
  const bytes = bytesOf(payload);
  const { flags = 0x40, idstr = padded(DEVICE), instance = 0, size = bytes.length } = fields;
  return bytesOf(be(0x11223344, 4), be(1, 4), be(flags, 4), idstr, be(instance, 4), be(size, 4), bytes);
}

/** A config blob of a conventional PCI device without MSI-X (vfio.md §4.1), 276 bytes. */
export const CONFIG_BLOB: Uint8Array = bytesOf(be(2, 4), new Uint8Array(272));

/** Data of a good config packet. */
export const CONFIG: Uint8Array = bytesOf(be(0xffffffffef100002n, 8), CONFIG_BLOB, VFIO_TAG.end);

/** A config packet with the data given, or good ones. */
export const configPacket = (idx: number, data: Piece = CONFIG): Uint8Array => packet(idx, data, { vfioFlags: 1 });

/** Loads a main stream and multifd channels, as many as are given. */
export function loadBytes(
  main: Uint8Array,
  channels: readonly (readonly Piece[])[],
  options: BenchOptions & Partial<Omit<LoadOptions, "settings">> = {},
): Promise<LoadResult> {
  const capture = memoryCapture([
    { bytes: main },
    ...channels.map((packets, id) => ({ bytes: multifdChannel(id, packets) })),
  ]);
  return loadCapture(capture, {
    order: "canonical",
    pageSize: 4096,
    ...options,
    settings: settingsOf({ channels: channels.length, multifd: channels.length > 0, ...options }),
  });
}
