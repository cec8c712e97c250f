/**
 * The format pcapng (draft-ietf-opsawg-pcapng): blocks, of which the first of a section tells the byte order, and others
 * describe interfaces, or hold a frame.
 *
 * @module
 */

import type { FileWindow } from "./file_window.ts";
import { emptyFrame, type FileProblem, type Frame, FRAME_HEAD, FRAME_LIMIT, type FrameSink } from "./frame.ts";
import { InterfaceClock, MICROSECONDS } from "./interface_clock.ts";

/** First word of each section, the same in both byte orders. */
export const SECTION_HEADER = 0x0a0d0d0a;

const BLOCK = { INTERFACE: 1, OBSOLETE_PACKET: 2, SIMPLE_PACKET: 3, ENHANCED_PACKET: 6 } as const;
const BYTE_ORDER = 0x1a2b3c4d;

/** Type and length; the length once more at the end. */
const BLOCK_FRAME = { head: 8, tail: 4 } as const;

/** What stands before a frame's bytes in its block. */
const FIXED = { simple: 4, packet: 20 } as const;

const OPTION = { END: 0, TIME_RESOLUTION: 9, TIME_OFFSET: 14 } as const;

/** Blocks that hold no frame are described by less than this. */
const OPTIONS_LIMIT = 16 * 1024;

/** More interfaces than any machine has: those after them are not known. */
const INTERFACE_LIMIT = 64 * 1024;

interface Interface {
  readonly linkType: number;
  /** Bytes of a frame that are in the file at most; 0 if there is no limit. */
  readonly snapLength: number;
  readonly clock: InterfaceClock;
}

/** Reads the frames of a file; stops where it is damaged or cut, and says so. */
export function readNgFile(window: FileWindow, sink: FrameSink, report: (problem: FileProblem) => void): void {
  const section = new Section(window, sink);
  for (let offset = 0; offset < window.size;) {
    const left = window.size - offset;
    const cut = { code: "pcap-cut", offset, message: "the file is cut inside of a block" };
    if (left < BLOCK_FRAME.head + BLOCK_FRAME.tail) return report(cut);
    const at = window.load(offset, BLOCK_FRAME.head + FIXED.packet + FRAME_HEAD);
    if (window.view.getUint32(at) === SECTION_HEADER && !section.begin(at)) {
      return report({ code: "pcap-damaged", offset, message: "a section has no known byte order: it is not read" });
    }
    const length = window.view.getUint32(at + 4, section.little);
    if (length < BLOCK_FRAME.head + BLOCK_FRAME.tail || length % 4 !== 0) {
      const message = `a block of ${length} bytes is none: the file is damaged, what follows is not read`;
      return report({ code: "pcap-damaged", offset, message });
    }
    section.read(offset, at, Math.min(length, left));
    if (length > left) return report(cut);
    offset += length;
  }
}

class Section {
  /** Byte order. */
  little = true;
  readonly #window: FileWindow;
  readonly #sink: FrameSink;
  readonly #frame: Frame;
  #interfaces: Interface[] = [];
  /** The second in which the file's first frame was. */
  #second: bigint | undefined;

  constructor(window: FileWindow, sink: FrameSink) {
    this.#window = window;
    this.#sink = sink;
    this.#frame = emptyFrame(window.bytes, window.view);
  }

  /** A section begins, at the block at index `at`. Whether its byte order is known. */
  begin(at: number): boolean {
    this.#interfaces = [];
    this.little = this.#window.view.getUint32(at + BLOCK_FRAME.head, true) === BYTE_ORDER;
    return this.little || this.#window.view.getUint32(at + BLOCK_FRAME.head) === BYTE_ORDER;
  }

  /** Reads the block at index `at`, of which there are `length` bytes. */
  read(offset: number, at: number, length: number): void {
    const { view } = this.#window;
    const body = at + BLOCK_FRAME.head;
    const room = length - BLOCK_FRAME.head - BLOCK_FRAME.tail;
    switch (view.getUint32(at, this.little)) {
      case BLOCK.INTERFACE:
        if (room >= 8 && this.#interfaces.length < INTERFACE_LIMIT) {
          this.#interfaces.push(this.#interface(offset, room));
        }
        break;
      case BLOCK.ENHANCED_PACKET:
        if (room >= FIXED.packet) this.#packet(view.getUint32(body, this.little), offset, body, room);
        break;
      case BLOCK.OBSOLETE_PACKET:
        if (room >= FIXED.packet) this.#packet(view.getUint16(body, this.little), offset, body, room);
        break;
      case BLOCK.SIMPLE_PACKET:
        if (room >= FIXED.simple) this.#simple(offset, body, room);
    }
  }

  #interface(offset: number, room: number): Interface {
    const { view } = this.#window;
    const length = Math.min(room, OPTIONS_LIMIT);
    const body = this.#window.load(offset + BLOCK_FRAME.head, length);
    const linkType = view.getUint16(body, this.little);
    const snapLength = view.getUint32(body + 4, this.little);
    let resolution: number = MICROSECONDS;
    let zero = 0n;
    const end = Math.min(body + length, this.#window.end);
    for (let at = body + 8; at + 4 <= end;) {
      const code = view.getUint16(at, this.little);
      const size = view.getUint16(at + 2, this.little);
      if (code === OPTION.END || at + 4 + size > end) break;
      if (code === OPTION.TIME_RESOLUTION && size === 1) resolution = view.getUint8(at + 4);
      if (code === OPTION.TIME_OFFSET && size === 8) zero = view.getBigInt64(at + 4, this.little);
      at += 4 + Math.ceil(size / 4) * 4;
    }
    return { linkType, snapLength, clock: this.#started(new InterfaceClock(resolution, zero)) };
  }

  #started(clock: InterfaceClock): InterfaceClock {
    if (this.#second !== undefined) clock.startAt(this.#second);
    return clock;
  }

  /** Enhanced and obsolete packet blocks: the number of the interface is written differently. */
  #packet(number: number, offset: number, body: number, room: number): void {
    const { view } = this.#window;
    const from = this.#interfaces[number];
    if (from === undefined) return;
    const high = view.getUint32(body + 4, this.little);
    const low = view.getUint32(body + 8, this.little);
    if (this.#second === undefined) {
      const second = from.clock.secondOf(high, low);
      this.#second = second;
      for (const { clock } of this.#interfaces) clock.startAt(second);
    }
    this.#frame.time = from.clock.timeOf(high, low);
    const captured = Math.min(view.getUint32(body + 12, this.little), room - FIXED.packet);
    this.#hand(from, offset, body, FIXED.packet, captured, view.getUint32(body + 16, this.little));
  }

  /** A simple packet block has no time: that of the frame before it is as near as can be. */
  #simple(offset: number, body: number, room: number): void {
    const from = this.#interfaces[0];
    if (from === undefined) return;
    const length = this.#window.view.getUint32(body, this.little);
    const limit = from.snapLength === 0 ? length : Math.min(length, from.snapLength);
    this.#hand(from, offset, body, FIXED.simple, Math.min(limit, room - FIXED.simple), length);
  }

  #hand(from: Interface, offset: number, body: number, fixed: number, captured: number, length: number): void {
    if (captured > FRAME_LIMIT) return;
    const frame = this.#frame;
    frame.linkType = from.linkType;
    frame.start = body + fixed;
    frame.end = Math.min(this.#window.end, frame.start + Math.min(captured, FRAME_HEAD));
    frame.position = offset + BLOCK_FRAME.head + fixed;
    frame.captured = captured;
    frame.length = Math.max(captured, length);
    this.#sink(frame);
  }
}
