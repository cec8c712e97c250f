/**
 * Gets at a stream that is wrapped: in a libvirt save image, or compressed, or both.
 *
 * @module
 */

import { indexOfNeedle } from "@std/bytes/index-of-needle";
import { type Compression, IDENTIFY_USUAL_BYTES, identifyChannel } from "../stream/mod.ts";
import type { Finding } from "../wire/mod.ts";
import type { CaptureChannel } from "./capture.ts";
import { CaptureError } from "./capture_error.ts";
import type { SequentialRead } from "./drive.ts";
import { LIBVIRT_START_BYTES, type LibvirtFormat, type LibvirtImage, readLibvirtImage } from "./libvirt/mod.ts";
import { discard, readPipe } from "./pipe.ts";
import { readBytes, sourceAt } from "./source.ts";
import { Unpacker } from "./unpack/mod.ts";

/** So much of what is unpacked is kept in memory; of more, each byte can be read once. */
export const UNPACK_KEEP: number = 256 * 1024 * 1024;

/** The bytes of a channel, from wherever. */
export type ChannelBytes = Pick<CaptureChannel, "source" | "pipe" | "container">;

/** A stream without what it was wrapped in. */
export interface Unwrapped {
  /** Its bytes. */
  readonly bytes: ChannelBytes;
  /** What the libvirt image around it said. */
  readonly libvirt?: LibvirtImage;
}

/** What {@linkcode unwrap} is told. */
export interface UnwrapOptions {
  /** What the stream is called in errors: the path. */
  readonly name: string;
  /** What it is called in findings. */
  readonly label: string;
  /** Bytes that are kept in memory at most; {@linkcode UNPACK_KEEP} if absent. */
  readonly keep?: number;
  /** Receives findings: while it is unwrapped, and later when more is read. */
  readonly report: (finding: Finding) => void;
  /** Receives what must be closed in the end. */
  readonly closes: (resource: { close(): void }) => void;
}

/**
 * Takes off what is around a stream.
 *
 * @param bytes What may be wrapped.
 * @throws {CaptureError} If it is wrapped in something that cannot be taken off.
 */
export function unwrap(bytes: ChannelBytes, options: UnwrapOptions): Unwrapped {
  const { role, compression } = identityOf(bytes);
  if (role === "libvirt") return unwrapImage(bytes, options);
  if (role === "qcow2") throw qcow2(options.name);
  if (compression === undefined) return { bytes };
  const inner = unpack(bytes, 0, compression, options);
  // A save image that somebody has compressed for keeping.
  if (identityOf(inner).role === "libvirt") return unwrapImage(inner, options);
  refuseTwice(inner, options.name);
  return { bytes: inner };
}

function identityOf({ source, pipe }: ChannelBytes): ReturnType<typeof identifyChannel> {
  const first = source === undefined ? pipe?.head ?? new Uint8Array(0) : readBytes(source, 0, IDENTIFY_USUAL_BYTES);
  return identifyChannel(first, { ended: true });
}

function qcow2(name: string): CaptureError {
  return new CaptureError(
    "qcow2-image",
    `Cannot read ${name}: it is a qcow2 disk image; an internal snapshot's stream is somewhere inside`,
    "give where it begins with --offset",
  );
}

/** One compression is enough: a bomb has more. */
function refuseTwice(inner: ChannelBytes, name: string): void {
  const { compression } = identityOf(inner);
  if (compression === undefined) return;
  throw new CaptureError(
    "compressed",
    `Cannot read ${name}: it is compressed twice, inside with ${compression}`,
    "unpack it once, and give what comes out",
  );
}

function unwrapImage(bytes: ChannelBytes, options: UnwrapOptions): Unwrapped {
  const { name, label, report } = options;
  const start = bytes.source === undefined
    ? bytes.pipe?.head ?? new Uint8Array(0)
    : readBytes(bytes.source, 0, LIBVIRT_START_BYTES);
  const libvirt = readLibvirtImage(start);
  if (libvirt === undefined) {
    throw new CaptureError(
      "libvirt-image",
      `Cannot read ${name}: it is a libvirt save image whose header is not understood`,
      "give where the stream begins with --offset",
    );
  }
  if (!libvirt.complete) {
    const message = "libvirt has not completed this save image: what follows the last whole record is missing";
    report({ severity: "warning", code: "libvirt-partial", channel: label, offset: 0, message });
  }
  const compression = compressionOf(libvirt.format);
  if (compression === undefined) return { bytes: stored(bytes, libvirt, options), libvirt };
  const inner = unpack(bytes, libvirt.streamOffset, compression, options);
  refuseTwice(inner, name);
  return { bytes: inner, libvirt };
}

function compressionOf(format: LibvirtFormat): Compression | undefined {
  return format === "raw" || format === "sparse" ? undefined : format;
}

/** The stream of an image that holds it as it is. */
function stored(
  { source, pipe }: ChannelBytes,
  { streamOffset, format, complete }: LibvirtImage,
  { name, keep }: UnwrapOptions,
): ChannelBytes {
  if (source === undefined) {
    if (format === "sparse") {
      throw new CaptureError(
        "libvirt-image",
        `Cannot read ${name}: it is a sparse libvirt save image, which cannot be read in order`,
        "give the file by its name",
      );
    }
    return pipe === undefined ? {} : readPipe(pipe.read, streamOffset, keep);
  }
  if (streamOffset >= source.size) {
    throw new CaptureError(
      "is-empty",
      `Cannot read ${name}: it is a libvirt save image without a stream${complete ? "" : ", which was not completed"}`,
    );
  }
  const offset = streamOffset + padding(readBytes(source, streamOffset, PADDING_LIMIT));
  return { source: sourceAt(source, offset, name), container: { source, offset } };
}

/** Images that are written past the page cache can have some before the stream. */
const PADDING_LIMIT = 1024 * 1024;

/** Bytes before the file header; 0 if there is none. */
function padding(start: Uint8Array): number {
  return Math.max(0, indexOfNeedle(start, new TextEncoder().encode("QEVM\0\0\0\x03")));
}

function unpack(bytes: ChannelBytes, offset: number, compression: Compression, options: UnwrapOptions): ChannelBytes {
  const { name, label, report, closes } = options;
  const unpacker = new Unpacker(compression, inOrder(bytes, offset), name);
  closes(unpacker);
  let total = 0;
  let ended = false;
  const read: SequentialRead = (into) => {
    const count = unpacker.read(into);
    total += count;
    const { problem } = unpacker;
    if (count === 0 && problem !== undefined && !ended) {
      if (total === 0) throw new CaptureError("compressed", `Cannot unpack ${name}: ${problem}`);
      const message = `the ${compression} around the stream breaks off after ${total} unpacked bytes: ${problem}`;
      report({ severity: "error", code: "unpack", channel: label, offset: total, message });
    }
    ended ||= count === 0;
    return count;
  };
  return readPipe(read, 0, options.keep ?? UNPACK_KEEP);
}

/** Reads from `offset` on, once. */
function inOrder({ source, pipe }: ChannelBytes, offset: number): SequentialRead {
  if (source === undefined) {
    const read = pipe?.read ?? ((): number => 0);
    discard(read, offset);
    return read;
  }
  let at = offset;
  return (into) => {
    const count = source.readAt(at, into);
    at += count;
    return count;
  };
}
