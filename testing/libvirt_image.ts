/** Makes libvirt save images (main-channel.md §14), byte for byte as libvirt 9.0 writes them. @module */

/** What is unusual about an image. */
export interface ImageOptions {
  /** Number of the format in the header; 0, raw, if absent. */
  readonly format?: number;
  /** Version of the image; 2 if absent. */
  readonly version?: number;
  /** Written by a big-endian host. */
  readonly bigEndian?: boolean;
  /** libvirt did not finish. */
  readonly partial?: boolean;
  /** The domain's XML. */
  readonly xml?: string;
  /** What libvirt notes for restoring; none if empty. */
  readonly cookie?: string;
  /** Bytes between text and stream; 65536 if absent, as libvirt leaves them for a longer description. */
  readonly padding?: number;
}

/** The description of a domain, as short as one can be. */
export const DOMAIN_XML = `<domain type='qemu'>
  <name>mine &amp; yours</name>
  <os>
    <type arch='x86_64' machine='pc-q35-10.0'>hvm</type>
  </os>
</domain>
`;

/**
 * A save image around a stream.
 *
 * @param stream What QEMU wrote, compressed as `format` says.
 */
export function libvirtImage(stream: Uint8Array, options: ImageOptions = {}): Uint8Array {
  const { format = 0, version = 2, bigEndian = false, partial = false, padding = 65536 } = options;
  const { xml = DOMAIN_XML, cookie = "<cookie>\n</cookie>\n" } = options;
  const text = new TextEncoder().encode(cookie === "" ? `${xml}\0` : `${xml}\0${cookie}\0`);
  const cookieOffset = cookie === "" ? 0 : new TextEncoder().encode(xml).length + 1;
  const image = new Uint8Array(92 + text.length + padding + stream.length);
  image.set(new TextEncoder().encode(partial ? "LibvirtQemudPart" : "LibvirtQemudSave"));
  const view = new DataView(image.buffer);
  const fields = [version, text.length + padding, 1, format, cookieOffset];
  fields.forEach((field, i) => view.setUint32(16 + 4 * i, field, !bigEndian));
  image.set(text, 92);
  image.set(stream, 92 + text.length + padding);
  return image;
}
