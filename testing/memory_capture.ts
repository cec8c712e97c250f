/** Captures that are made of bytes in memory, for tests. @module */

import { concat } from "@std/bytes";
import { type Capture, type Direction, EventFile, MemorySource } from "../src/capture/mod.ts";
import { ascii, be, bytesOf, type Piece } from "./main_stream.ts";

/** A channel: its bytes, and who sent it (the source if not said). */
export interface MemoryChannel {
  readonly bytes: Uint8Array;
  readonly direction?: Direction;
}

/**
 * A capture of `channels`, connection 0 first.
 *
 * @param events Lines of `events.jsonl`, as objects.
 */
export function memoryCapture(channels: readonly MemoryChannel[], events?: readonly object[]): Capture {
  const text = events?.map((event) => `${JSON.stringify(event)}\n`).join("");
  return {
    name: "memory",
    kind: "directory",
    channels: channels.map(({ bytes, direction = "s2d" }, index) => ({
      label: `channel-0${index}.${direction}`,
      index,
      direction,
      isFile: false,
      source: new MemorySource(bytes),
    })),
    ...(text === undefined ? {} : { events: new EventFile(new MemorySource(ascii(text))) }),
    findings: [],
    close: (): void => {},
  };
}

/** The device of most examples. */
export const DEVICE = "0000:00:05.0/vfio";

/** A multifd channel with id `id`. */
export function multifdChannel(id: number, ...packets: readonly Piece[]): Uint8Array {
  return bytesOf(be(0x11223344, 4), be(1, 4), new Uint8Array(16), id, new Uint8Array(39), packets);
}

/** A device-state packet with `length` bytes of state (multifd.md §5.1, vfio.md §4). */
export function devicePacket(
  idx: number,
  length: number,
  options: { idstr?: string; flags?: number } = {},
): Uint8Array {
  const { idstr = DEVICE, flags = 0 } = options;
  const name = concat([ascii(idstr), new Uint8Array(256 - idstr.length)]);
  const vfio = bytesOf(be(0, 4), be(idx, 4), be(flags, 4), new Uint8Array(length));
  return bytesOf(be(0x11223344, 4), be(1, 4), be(0x40, 4), name, be(0, 4), be(vfio.length, 4), vfio);
}

/** VFIO tags on the main channel (vfio.md §3.1). */
export const VFIO_TAG = {
  end: be(0xffffffffef100001n, 8),
  setup: be(0xffffffffef100003n, 8),
  data: be(0xffffffffef100004n, 8),
  initDataSent: be(0xffffffffef100005n, 8),
  configLoadReady: be(0xffffffffef100006n, 8),
} as const;

/** A VFIO data record on the main channel. */
export function vfioData(length: number): Uint8Array {
  return bytesOf(VFIO_TAG.data, be(length, 8), new Uint8Array(length));
}
