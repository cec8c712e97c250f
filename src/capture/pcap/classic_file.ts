/**
 * The classic format of packet captures (draft-ietf-opsawg-pcap): a header of 24 bytes, then frames, each after a header
 * of 16 bytes.
 *
 * @module
 */

import type { FileWindow } from "./file_window.ts";
import { emptyFrame, type FileProblem, FRAME_HEAD, FRAME_LIMIT, type FrameSink } from "./frame.ts";

const FILE_HEADER = 24;
const FRAME_HEADER = 16;

/** First word, as a big-endian number, of each kind of file. */
const KINDS: ReadonlyMap<number, { readonly little: boolean; readonly nanoseconds: number }> = new Map([
  [0xa1b2c3d4, { little: false, nanoseconds: 1000 }],
  [0xd4c3b2a1, { little: true, nanoseconds: 1000 }],
  [0xa1b23c4d, { little: false, nanoseconds: 1 }],
  [0x4d3cb2a1, { little: true, nanoseconds: 1 }],
]);

/** Whether a file whose first word is `magic` is of this format. */
export function isClassicFile(magic: number): boolean {
  return KINDS.has(magic);
}

/** Reads the frames of a file; stops where it is damaged or cut, and says so. */
export function readClassicFile(
  window: FileWindow,
  sink: FrameSink,
  report: (problem: FileProblem) => void,
): void {
  const at = window.load(0, FILE_HEADER);
  const kind = KINDS.get(window.view.getUint32(at));
  if (kind === undefined || window.size < FILE_HEADER) {
    return report({ code: "pcap-cut", offset: 0, message: "the file is cut inside of its header" });
  }
  const { little, nanoseconds } = kind;
  const frame = emptyFrame(window.bytes, window.view);
  // The upper half says how long the checksum after each frame is.
  frame.linkType = window.view.getUint32(at + 20, little) & 0xffff;
  let firstSecond = -1;
  for (let offset = FILE_HEADER; offset < window.size;) {
    const header = window.load(offset, FRAME_HEADER + FRAME_HEAD);
    const left = window.size - offset - FRAME_HEADER;
    if (left < 0) return report({ code: "pcap-cut", offset, message: "the file is cut inside of a frame's header" });
    const second = window.view.getUint32(header, little);
    const fraction = window.view.getUint32(header + 4, little);
    const captured = window.view.getUint32(header + 8, little);
    if (captured > FRAME_LIMIT) {
      const message = `a frame of ${captured} bytes is none: the file is damaged, what follows is not read`;
      return report({ code: "pcap-damaged", offset, message });
    }
    if (firstSecond < 0) firstSecond = second;
    frame.time = (second - firstSecond) * 1e9 + fraction * nanoseconds;
    frame.length = Math.max(captured, window.view.getUint32(header + 12, little));
    frame.captured = Math.min(captured, left);
    frame.position = offset + FRAME_HEADER;
    frame.start = header + FRAME_HEADER;
    frame.end = Math.min(window.end, frame.start + Math.min(frame.captured, FRAME_HEAD));
    sink(frame);
    if (captured > left) return report({ code: "pcap-cut", offset, message: "the file is cut inside of a frame" });
    offset += FRAME_HEADER + captured;
  }
}
