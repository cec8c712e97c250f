/** Channels of any length, made in memory a piece at a time. A piece is valid until the next is asked for. @module */

import { concat } from "@std/bytes";
import { BLOCK, counted, MainStream, word } from "../testing/main_stream.ts";
import { devicePacket, multifdChannel } from "../testing/memory_capture.ts";

/** Bytes in a page. */
export const PAGE = 4096;

/** Pages in a section: QEMU begins a new one several times a second. */
const SECTION_PAGES = 4096;

/** Bytes of device state in a packet, as VFIO sends them. */
export const DEVICE_BUFFER: number = 1024 * 1024;

/** Contents that are not the same from place to place, so that nothing on the way can make them shorter. */
function filler(length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(length / 4);
  let state = 1;
  for (let i = 0; i < words.length; i++) words[i] = state = Math.imul(state, 1664525) + 1013904223;
  return new Uint8Array(words.buffer);
}

/**
 * A main channel of `pages` RAM pages, all with contents: header, sections of pages, EOF. With `flush` it waits for multifd
 * channels before the pages.
 */
export function* mainChannel(pages: number, flush: boolean = false): Generator<Uint8Array> {
  const list = new MainStream().header().start(2, "ram", 4, [
    word(BigInt(pages * PAGE) | 4n),
    counted(BLOCK),
    word(pages * PAGE),
    ...(flush ? [word(0x200)] : []),
    word(0x10),
  ]);
  yield list.bytes();
  const section = pageSection(SECTION_PAGES);
  const view = new DataView(section.buffer);
  for (let first = 0; first < pages; first += SECTION_PAGES) {
    const count = Math.min(SECTION_PAGES, pages - first);
    const part = count === SECTION_PAGES ? section : pageSection(count);
    numberPages(part === section ? view : new DataView(part.buffer), first, count);
    yield part;
  }
  yield Uint8Array.of(0);
}

/** Header of a PART section and the name of the block: what stands before the word of the first page, and after it. */
const HEAD = 5;
const NAME = counted(BLOCK);

/** A PART section of `count` pages that are not numbered. */
function pageSection(count: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD + NAME.length + count * (8 + PAGE) + 8 + 5);
  bytes.set([2, 0, 0, 0, 2]);
  bytes.set(NAME, HEAD + 8);
  for (let i = 0; i < count; i++) bytes.set(filler(PAGE), HEAD + NAME.length + i * (8 + PAGE) + 8);
  bytes.set([0, 0, 0, 0, 0, 0, 0, 0x10, 0x7e, 0, 0, 0, 2], bytes.length - 13);
  return bytes;
}

/** Writes the words of the pages. */
function numberPages(section: DataView, first: number, count: number): void {
  section.setBigUint64(HEAD, BigInt(first * PAGE) | 0x08n);
  for (let i = 1; i < count; i++) {
    section.setBigUint64(HEAD + NAME.length + i * (8 + PAGE), BigInt((first + i) * PAGE) | 0x28n);
  }
}

/** A multifd packet without pages that only says SYNC (multifd.md §4.1). */
function syncPacket(): Uint8Array {
  const bytes = new Uint8Array(320 + 8 * 128);
  const view = new DataView(bytes.buffer);
  for (const [place, value] of [[0, 0x11223344], [4, 1], [8, 1]] as const) view.setUint32(place, value);
  return bytes;
}

/**
 * A multifd channel of `packets` packets with 1 MiB of device state each; the first channel if `id` is absent. With `sync`
 * it waits for the main channel before them.
 */
export function* deviceChannel(packets: number, id: number = 0, sync: boolean = false): Generator<Uint8Array> {
  yield multifdChannel(id);
  if (sync) yield syncPacket();
  const packet = devicePacket(0, DEVICE_BUFFER);
  const start = packet.length - DEVICE_BUFFER;
  packet.set(filler(DEVICE_BUFFER), start);
  const view = new DataView(packet.buffer, packet.byteOffset);
  for (let idx = 0; idx < packets; idx++) {
    // Behind the packet's header: VFIO's version, then the number of the buffer.
    view.setUint32(start - 8, idx);
    yield packet;
  }
}

/** All of a channel. */
export function allOf(channel: Iterable<Uint8Array>): Uint8Array {
  return concat(Array.from(channel, (piece) => piece.slice()));
}
