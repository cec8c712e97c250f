/** What the header of a libvirt save image says (main-channel.md §14; libvirt: src/qemu/qemu_saveimage.h). */
export interface LibvirtHeader {
  /** False while libvirt was writing, and for good if it could not finish. */
  readonly complete: boolean;
  /** Version of the image: 1, 2, or 3 as some expect for sparse images. */
  readonly version: number;
  /** Bytes of XML and padding between header and stream. */
  readonly dataLength: number;
  /** The guest ran when it was saved. */
  readonly wasRunning: boolean;
  /** How the stream is stored. */
  readonly format: LibvirtFormat;
  /** Where the QEMU stream begins, bytes from the start of the image. */
  readonly streamOffset: number;
  /** Where the cookie begins in the XML and padding; 0 if there is none. */
  readonly cookieOffset: number;
}

/** How libvirt stores the stream: as it is, compressed, or as a mapped-ram file. */
export type LibvirtFormat = "raw" | "gzip" | "bzip2" | "xz" | "lzop" | "zstd" | "sparse";

/** Formats by their number in the header. */
const FORMATS: readonly LibvirtFormat[] = ["raw", "gzip", "bzip2", "xz", "lzop", "zstd", "sparse"];

/** Bytes of the header. */
export const LIBVIRT_HEADER_BYTES = 92;

const MAX_VERSION = 3;

/**
 * Reads the header of a libvirt save image, in either byte order.
 *
 * @param first The first {@linkcode LIBVIRT_HEADER_BYTES} of the image.
 * @returns Undefined if this is none, or its version or format is not known.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readLibvirtHeader } from "./header.ts";
 *
 * const image = new Uint8Array(92);
 * image.set(new TextEncoder().encode("LibvirtQemudSave"));
 * image.set([2, 0, 0, 0, 0, 0, 1, 0], 16);
 * assertEquals(readLibvirtHeader(image)?.streamOffset, 92 + 65536);
 * ```
 */
export function readLibvirtHeader(first: Uint8Array): LibvirtHeader | undefined {
  if (first.length < LIBVIRT_HEADER_BYTES) return undefined;
  const magic = new TextDecoder("latin1").decode(first.subarray(0, 16));
  if (magic !== "LibvirtQemudSave" && magic !== "LibvirtQemudPart") return undefined;
  const view = new DataView(first.buffer, first.byteOffset);
  const little = view.getUint32(16, true) <= MAX_VERSION;
  const [version = 0, dataLength = 0, wasRunning = 0, stored = 0, cookieOffset = 0] = [16, 20, 24, 28, 32].map((at) =>
    view.getUint32(at, little)
  );
  // Version 1 is always raw, whatever the field holds.
  const format = version === 1 ? "raw" : FORMATS[stored];
  if (version === 0 || version > MAX_VERSION || dataLength === 0 || format === undefined) return undefined;
  return {
    complete: magic === "LibvirtQemudSave",
    version,
    dataLength,
    wasRunning: wasRunning !== 0,
    format,
    streamOffset: LIBVIRT_HEADER_BYTES + dataLength,
    cookieOffset,
  };
}
