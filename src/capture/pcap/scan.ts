import type { ByteSource } from "../source.ts";
import { isClassicFile, readClassicFile } from "./classic_file.ts";
import { Connections } from "./connections.ts";
import { FileWindow } from "./file_window.ts";
import type { FileProblem, Frame } from "./frame.ts";
import { readNgFile, SECTION_HEADER } from "./ng_file.ts";
import { emptySegment, type FrameContent, readSegment } from "./tcp_segment.ts";

/** What is in a packet capture. */
export interface Scan {
  /** Its TCP connections. */
  readonly connections: Connections;
  /** Frames of each kind. */
  readonly frames: Readonly<Record<FrameContent, number>>;
  /** Link types that are not understood, and the frames of each. */
  readonly linkTypes: ReadonlyMap<number, number>;
  /** What is wrong with the file itself. */
  readonly problems: readonly FileProblem[];
}

/** Whether a file that begins with `first`, of at least four bytes, is a packet capture: pcap or pcapng. */
export function isPacketCapture(first: Uint8Array): boolean {
  if (first.length < 4) return false;
  const magic = new DataView(first.buffer, first.byteOffset).getUint32(0);
  return magic === SECTION_HEADER || isClassicFile(magic);
}

/** Reads all frames of a file once, from its start to its end, and notes where the data of its TCP connections are. */
export function scan(file: ByteSource): Scan {
  const window = new FileWindow(file);
  const connections = new Connections();
  const frames = { tcp: 0, other: 0, fragment: 0, "link-type": 0 };
  const linkTypes = new Map<number, number>();
  const problems: FileProblem[] = [];
  const segment = emptySegment();
  const sink = (frame: Frame): void => {
    const content = readSegment(frame, segment);
    frames[content]++;
    if (content === "tcp") connections.add(segment, frame);
    else if (content === "link-type") linkTypes.set(frame.linkType, (linkTypes.get(frame.linkType) ?? 0) + 1);
  };
  const report = (problem: FileProblem): void => void problems.push(problem);
  const isClassic = file.size >= 4 && isClassicFile(window.view.getUint32(window.load(0, 4)));
  if (isClassic) readClassicFile(window, sink, report);
  else readNgFile(window, sink, report);
  return { connections, frames, linkTypes, problems };
}
