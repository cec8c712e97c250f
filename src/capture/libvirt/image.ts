import { decodeText } from "../../bytes/mod.ts";
import { type LibvirtDomain, scanDomain } from "./domain.ts";
import { LIBVIRT_HEADER_BYTES, type LibvirtFormat, readLibvirtHeader } from "./header.ts";

/** XML and cookie are some kilobytes; of a header that promises more, no more is read. */
const TEXT_LIMIT = 4 * 1024 * 1024;

/** With so many bytes from its start on, all is known that {@linkcode readLibvirtImage} can tell about an image. */
export const LIBVIRT_START_BYTES: number = LIBVIRT_HEADER_BYTES + TEXT_LIMIT;

/** What a libvirt save image says about itself (main-channel.md §14). */
export interface LibvirtImage {
  /** Version of the image. */
  readonly version: number;
  /** False while libvirt was writing, and for good if it could not finish. */
  readonly complete: boolean;
  /** The guest ran when it was saved. */
  readonly running: boolean;
  /** How the stream is stored. */
  readonly format: LibvirtFormat;
  /** Where the stream begins, as the header says, bytes from the start of the image. */
  readonly streamOffset: number;
  /** The domain. */
  readonly domain: LibvirtDomain;
  /** The domain's XML, as it is. */
  readonly xml: string;
  /** libvirt's notes for restoring, XML too. */
  readonly cookie?: string;
}

/**
 * Reads what precedes the stream in a libvirt save image.
 *
 * @param start The first bytes of the image, {@linkcode LIBVIRT_START_BYTES} or fewer. Text that is not all there is cut.
 * @returns Undefined if this is no image, or its version or format is not known.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readLibvirtImage } from "./image.ts";
 *
 * const image = new Uint8Array(92 + 100);
 * image.set(new TextEncoder().encode("LibvirtQemudPart"));
 * image.set([2, 0, 0, 0, 100, 0, 0, 0], 16);
 * image.set(new TextEncoder().encode("<domain><name>mine</name></domain>"), 92);
 * const read = readLibvirtImage(image);
 * assertEquals([read?.complete, read?.domain.name, read?.streamOffset], [false, "mine", 192]);
 * ```
 */
export function readLibvirtImage(start: Uint8Array): LibvirtImage | undefined {
  const header = readLibvirtHeader(start);
  if (header === undefined) return undefined;
  const { version, complete, wasRunning, format, streamOffset, cookieOffset } = header;
  const text = start.subarray(LIBVIRT_HEADER_BYTES, Math.min(streamOffset, LIBVIRT_START_BYTES));
  const xml = textAt(text, 0);
  return {
    version,
    complete,
    running: wasRunning,
    format,
    streamOffset,
    domain: scanDomain(xml),
    xml,
    ...(cookieOffset === 0 || cookieOffset >= text.length ? {} : { cookie: textAt(text, cookieOffset) }),
  };
}

/** The text from `offset` to the next NUL. */
function textAt(bytes: Uint8Array, offset: number): string {
  const end = bytes.indexOf(0, offset);
  return decodeText(bytes.subarray(offset, end < 0 ? bytes.length : end));
}
