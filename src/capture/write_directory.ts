import type { Capture, CaptureChannel } from "./capture.ts";
import { copyChannel } from "./copy.ts";
import type { CaptureEvent } from "./events.ts";
import { CAPTURE_FORMAT, type CaptureFile } from "./manifest.ts";
import { isMappedRam } from "./mapped_ram.ts";
import { type ByteSink, writeNew } from "./output.ts";
import { identifyChannels } from "./reading.ts";
import { timeline } from "./timeline.ts";

/** How {@linkcode writeDirectory} writes. */
export interface DirectoryOptions {
  /** Channels were left out of the capture: events of connections that are not there are not written. */
  readonly selected?: boolean;
}

const MAPPED_RAM_FILE = "file.mapped-ram";

/** Events between two times that it is said how far it is. */
const EVENTS_AT_ONCE = 10_000;

/**
 * Whether a capture directory may have a file of that name: what may be replaced with it.
 *
 * @param name The file's name, without a folder.
 * @returns Whether it may.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isCaptureFile } from "@migwire/migwire/capture";
 *
 * assert(isCaptureFile("channel-01.s2d"));
 * assert(!isCaptureFile("notes.txt"));
 * ```
 */
export function isCaptureFile(name: string): boolean {
  return /^(capture\.json|events\.jsonl|channel-\d{2,4}\.(s2d|d2s)|file\.[\w.-]+)$/.test(name);
}

/**
 * Writes a capture as a capture directory, format `migwire-capture/1`: its channels, its events if their times are
 * known, and `capture.json` with what is known.
 *
 * @param capture The capture. A pipe is used up.
 * @param directory Where the files go; it must be there and have none of them.
 * @returns Now and then how many bytes of the channels were written.
 * @throws What the system throws.
 *
 * @example
 * ```ts
 * import { isCaptureFile, openCapture, writeDirectory, writeWholeDirectory } from "@migwire/migwire/capture";
 *
 * // Makes a capture directory of whatever `from` is; gives its size.
 * function toDirectory(from: string, to: string): number {
 *   const capture = openCapture(from);
 *   try {
 *     const write = (directory: string) => writeDirectory(capture, directory);
 *     return [...writeWholeDirectory(to, write, { owns: isCaptureFile })].at(-1) ?? 0;
 *   } finally {
 *     capture.close();
 *   }
 * }
 * ```
 */
export function* writeDirectory(
  capture: Capture,
  directory: string,
  options: DirectoryOptions = {},
): Generator<number> {
  let written = 0;
  let file: CaptureFile | undefined;
  let offset = 0;
  for (const channel of capture.channels) {
    const name = nameOf(capture, channel);
    // Of a mapped-ram file all is needed: its places count from the start.
    const whole = name.startsWith("file.") && channel.container !== undefined;
    const bytes: CaptureChannel = whole ? { ...channel, source: channel.container.source } : channel;
    let length = 0;
    for (length of writeNew(`${directory}/${name}`, (sink) => copyChannel(bytes, sink))) yield written + length;
    written += length;
    if (!name.startsWith("file.")) continue;
    offset = whole ? channel.container.offset : 0;
    file = { name, encoding: "none", bytes: length };
  }
  yield* writeNew(`${directory}/capture.json`, function* (sink): Generator<number> {
    sink.write(new TextEncoder().encode(`${JSON.stringify(manifestOf(capture, file, offset), undefined, 1)}\n`));
    yield written;
  });
  if (capture.events === undefined) return yield written;
  const events = options.selected ? timeline(capture, false) : capture.events;
  yield* writeNew(`${directory}/events.jsonl`, (sink) => writeEvents(events, sink, written));
}

/** The name of a channel's file. */
function nameOf(capture: Capture, channel: CaptureChannel): string {
  const { label, index, direction, isFile } = channel;
  if (isFile && capture.kind === "directory") return label.replace(/\.gz$/, "");
  if (isFile && isMappedRam(channel)) return MAPPED_RAM_FILE;
  return `channel-${String(index).padStart(2, "0")}.${direction}`;
}

/** What `capture.json` says. */
function manifestOf(capture: Capture, file: CaptureFile | undefined, offset: number): unknown {
  const { manifest, libvirt } = capture;
  if (manifest !== undefined) {
    const { format, name, other, ...known } = manifest;
    const stored = file === undefined ? {} : { file: { ...known.file, ...file } };
    return { format, name, ...known, ...other, ...stored };
  }
  const encrypted = identifyChannels(capture).some(({ identity }) => identity.role === "tls");
  const { xml: _xml, cookie: _cookie, ...image } = libvirt ?? {};
  return {
    format: CAPTURE_FORMAT,
    name: nameFor(capture.name),
    ...(encrypted ? { encrypted } : {}),
    ...(offset === 0 ? {} : { source: { uri: `file:${file?.name},offset=${offset}` } }),
    ...(file === undefined ? {} : { file }),
    // Without the domain's XML: it can hold passwords.
    ...(libvirt === undefined ? {} : { libvirt: image }),
  };
}

/** A name for a capture that has none: that of its file, without the folder it was in. */
function nameFor(path: string): string {
  const base = path.split(/[\\/]/).findLast((part) => part !== "") ?? "";
  return base === "-" || base === "" ? "stdin" : base;
}

function* writeEvents(events: Iterable<CaptureEvent>, sink: ByteSink, written: number): Generator<number> {
  const encoder = new TextEncoder();
  let count = 0;
  for (const event of events) {
    sink.write(encoder.encode(`${eventLine(event)}\n`));
    if (++count % EVENTS_AT_ONCE === 0) yield written;
  }
  yield written;
}

/** An event as a line of `events.jsonl`. */
function eventLine(event: CaptureEvent): string {
  const { time: t, channel: ch } = event;
  if (event.kind === "open") return JSON.stringify({ t, ch, ev: "open" });
  const { direction: dir, offset: off } = event;
  if (event.kind === "data") return JSON.stringify({ t, ch, dir, off, len: event.length });
  return JSON.stringify({
    t,
    ch,
    dir,
    ev: event.kind,
    off,
    ...(event.error === undefined ? {} : { error: event.error }),
  });
}
