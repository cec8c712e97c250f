import { decodeText } from "../../bytes/mod.ts";
import { type Capture, firstBytes, identifyChannels } from "../../capture/values.ts";

/** Where the configuration begins, the length of the machine's name, and the name (main-channel.md §2). */
const AT = { configuration: 8, length: 9, name: 13 } as const;

/** The first byte of a configuration. */
const CONFIGURATION = 0x07;

/** Longest name that is looked at: QEMU's have below 40 bytes. */
const NAME_LIMIT = 255;

/**
 * The machine type that a capture's main channel begins with (main-channel.md §2), as `pc-q35-7.2`: what another QEMU
 * has to be asked about. Nothing of a pipe is used up.
 *
 * @param capture An open capture.
 * @returns The name; undefined if there is no main channel, or no configuration at its beginning.
 * @throws `CaptureError` if the capture cannot be read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openCapture } from "@migwire/migwire/capture";
 * import { machineOf } from "@migwire/migwire/compat";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * assertEquals(machineOf(capture), "pc-q35-10.0");
 * capture.close();
 * ```
 */
export function machineOf(capture: Capture): string | undefined {
  const main = identifyChannels(capture).find(({ identity }) => identity.role === "main");
  if (main === undefined) return undefined;
  const bytes = firstBytes(main.channel, AT.name + NAME_LIMIT);
  if (bytes.length < AT.name || bytes[AT.configuration] !== CONFIGURATION) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(AT.length);
  return length > bytes.length - AT.name ? undefined : decodeText(bytes.subarray(AT.name, AT.name + length));
}
