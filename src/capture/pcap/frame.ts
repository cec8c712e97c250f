/** What was noticed about the file, and where in it. */
export interface FileProblem {
  /** Stable code. */
  readonly code: string;
  /** Place in the file, bytes. */
  readonly offset: number;
  /** For people. */
  readonly message: string;
}

/** A frame of a packet capture: its first bytes, and where the rest is. The same object is used for each. */
export interface Frame {
  /** What its first bytes are in. */
  bytes: Uint8Array;
  /** The same. */
  view: DataView;
  /** Index of its first byte. */
  start: number;
  /** Index after the last of its bytes that is in memory. */
  end: number;
  /** Place of its first byte in the file. */
  position: number;
  /** Bytes of it that are in the file. */
  captured: number;
  /** Bytes of it that were on the wire. */
  length: number;
  /** Link type: what its first bytes are. */
  linkType: number;
  /** When it was seen: nanoseconds since the second in which the first frame was. */
  time: number;
}

/** Receives the frames of a file, in their order; must not keep the object. */
export type FrameSink = (frame: Frame) => void;

/**
 * Bytes of a frame that are looked at: all headers, and as much of the payload as tells what a channel is. Headers that
 * go further are those of no migration.
 */
export const FRAME_HEAD = 1024;

/** No interface carries frames that long, with whatever offload: a length above is damage. */
export const FRAME_LIMIT: number = 16 * 1024 * 1024;

/** A frame without anything in it. */
export function emptyFrame(bytes: Uint8Array, view: DataView): Frame {
  return { bytes, view, start: 0, end: 0, position: 0, captured: 0, length: 0, linkType: 0, time: 0 };
}
