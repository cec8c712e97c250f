import type { Capture, CaptureChannel } from "./capture.ts";
import { CaptureError } from "./capture_error.ts";
import { copyChannel } from "./copy.ts";
import { isMappedRam } from "./mapped_ram.ts";
import type { ByteSink } from "./output.ts";
import { identifyChannels, type ReadChannel } from "./reading.ts";

/** How {@linkcode writeStream} writes. */
export interface StreamOptions {
  /** Leave out the channels that the main one cannot be loaded without. */
  readonly mainOnly?: boolean;
}

/** Channels with a part of the guest's state. */
const NEEDED: readonly string[] = ["multifd", "preempt", "recovery", "main", "tls"];

/**
 * The channel that a plain stream file can hold: the main one, or the only one there is.
 *
 * @param capture The capture.
 * @param options What may be left out.
 * @returns The channel, and those that are left out.
 * @throws {CaptureError} `no-form` if the file would hold less than a destination needs, or would not be understood.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { streamChannel } from "@migwire/migwire/capture";
 * import { captureOf } from "@migwire/migwire/memory";
 *
 * const capture = captureOf([{ bytes: Uint8Array.fromHex("5145564d00000003") }]);
 * assertEquals(streamChannel(capture).channel.label, "main");
 * ```
 */
export function streamChannel(
  capture: Capture,
  options: StreamOptions = {},
): { readonly channel: ReadChannel; readonly lost: readonly ReadChannel[] } {
  const channels = identifyChannels(capture);
  const channel = channels.length === 1 ? channels[0] : channels.find(({ identity }) => identity.role === "main");
  if (channel === undefined) throw noForm("it has no main channel", "choose the channel with --channel");
  const lost = channels.filter((other) => other !== channel);
  const needed = lost.filter(({ identity }) => NEEDED.includes(identity.role));
  if (needed.length > 0 && !options.mainOnly) {
    const names = needed.slice(0, 5).map(({ label }) => label).join(", ");
    const more = needed.length > 5 ? ` and ${needed.length - 5} more` : "";
    throw noForm(
      `it would hold the main channel only, and the guest's state is also on ${names}${more}`,
      "give --main-only to leave them out, or convert to a directory or to pcapng",
    );
  }
  if ((channel.channel.container?.offset ?? 0) > 0 && isMappedRam(channel.channel)) {
    throw noForm(
      "its pages are at places that count from the start of the file it is in",
      "commands read that file as it is; or convert to a directory",
    );
  }
  return { channel, lost };
}

function noForm(message: string, hint: string): CaptureError {
  return new CaptureError("no-form", `Cannot write a plain stream: ${message}`, hint);
}

/**
 * Writes one channel as it is.
 *
 * @param channel Of {@linkcode streamChannel}. A pipe is used up.
 * @param sink Receives the file.
 * @returns Now and then how many bytes were written.
 * @throws {CaptureError} If the channel cannot be read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openCapture, streamChannel, writeStream } from "@migwire/migwire/capture";
 *
 * const capture = openCapture("testdata/vfio-multifd-2");
 * let size = 0;
 * const { channel } = streamChannel(capture, { mainOnly: true });
 * const written = [...writeStream(channel.channel, { write: (bytes) => size += bytes.length })].at(-1);
 * assertEquals([written, size], [76856, 76856]);
 * capture.close();
 * ```
 */
export function* writeStream(channel: CaptureChannel, sink: ByteSink): Generator<number> {
  yield* copyChannel(channel, sink);
}
