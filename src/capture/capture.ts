import type { Finding } from "../wire/mod.ts";
import { driveStream, readChannel, type RecordSink, type SequentialRead } from "./drive.ts";
import type { Direction } from "./direction.ts";
import type { CaptureEvent } from "./events.ts";
import type { LibvirtImage } from "./libvirt/mod.ts";
import type { CaptureManifest } from "./manifest.ts";
import { type ByteSource, readBytes } from "./source.ts";
import type { ChannelParser } from "../stream/mod.ts";

/** A migration attempt, or a part of it, from wherever. Close it when done. */
export interface Capture {
  /** What it is called, for people. */
  readonly name: string;
  /** Where it is from. */
  readonly kind: "directory" | "file" | "stdin" | "packets";
  /** What its `capture.json` says, if there is one that can be read. */
  readonly manifest?: CaptureManifest;
  /** Its channels, by connection, source to destination first. */
  readonly channels: readonly CaptureChannel[];
  /** When the bytes came, in the order in which they came. Can be asked for any number of times. */
  readonly events?: Iterable<CaptureEvent>;
  /** What the libvirt save image says that holds the stream. */
  readonly libvirt?: LibvirtImage;
  /** What was noticed while it was opened. A compressed pipe can add to it while it is read. */
  readonly findings: readonly Finding[];
  /** Gives back all files. */
  close(): void;
}

/** One direction of one connection, or a file with a stream in it. */
export interface CaptureChannel {
  /** What it is called: the file's name. */
  readonly label: string;
  /** Number of the connection, in the order in which the source opened them. */
  readonly index: number;
  /** Who sent it. */
  readonly direction: Direction;
  /** A file that the source wrote, not a connection: what mapped-ram needs. */
  readonly isFile: boolean;
  /** Its bytes. Absent when it comes from a pipe and is too large to be kept. */
  readonly source?: ByteSource;
  /** Its bytes when there is no `source`. */
  readonly pipe?: BytePipe;
  /** The file that `source` is a part of, when it does not begin at the file's start: mapped-ram counts from there. */
  readonly container?: { readonly source: ByteSource; readonly offset: number };
}

/** Bytes that can be read once, in order. */
export interface BytePipe {
  /** The first of them, to see what they are; they are read all the same. */
  readonly head: Uint8Array;
  /** Reads the next bytes: how many, 0 at the end. */
  readonly read: SequentialRead;
}

/**
 * Reads a channel of a capture from its first byte to its last, wherever it comes from. A channel with a `pipe` can be
 * read once.
 *
 * @param channel The channel.
 * @param parser A fresh parser of the channel's kind.
 * @param sink Receives the records in their order.
 * @throws `WireError` if the parser is strict, `CaptureError` if the channel cannot be read.
 */
export function driveChannel(channel: CaptureChannel, parser: ChannelParser, sink: RecordSink): void {
  if (channel.source !== undefined) readChannel(channel.source, parser, sink);
  else if (channel.pipe !== undefined) driveStream(channel.pipe.read, parser, sink);
}

/**
 * The first bytes of a channel, to see what it is. Nothing is used up.
 *
 * @param channel The channel.
 * @param length How many at most.
 * @returns Fewer than `length` where the channel is shorter, or where no more of a pipe was kept.
 * @throws {CaptureError} If the channel cannot be read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { firstBytes } from "./capture.ts";
 * import { openCapture } from "./open.ts";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * const magics = capture.channels.map((channel) => firstBytes(channel, 4).toHex());
 * assertEquals(magics, ["5145564d", "11223344", "11223344"]);
 * capture.close();
 * ```
 */
export function firstBytes(channel: CaptureChannel, length: number): Uint8Array {
  if (channel.source !== undefined) return readBytes(channel.source, 0, length);
  return channel.pipe?.head.subarray(0, length) ?? new Uint8Array(0);
}
