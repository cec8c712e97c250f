import type { Finding } from "../wire/mod.ts";
import type { Capture, CaptureChannel } from "./capture.ts";
import type { Direction } from "./direction.ts";
import { type CaptureEvent, EventFile } from "./events.ts";
import { readManifest } from "./manifest.ts";
import { type ByteSource, MemorySource } from "./source.ts";

/** A channel that {@linkcode captureOf} makes a capture of. */
export interface ChannelParts {
  /** All its bytes, or where they are. */
  readonly bytes: Uint8Array | ByteSource;
  /** Number of its connection, in the order of opening; its place in the list if absent. */
  readonly index?: number;
  /** Who sent it: the source if absent. */
  readonly direction?: Direction;
}

/** What {@linkcode captureOf} makes a capture of, beside its channels. */
export interface CaptureParts {
  /** What it is called, for people; as the manifest says, else `memory`, if absent. */
  readonly name?: string;
  /** The text of its `capture.json`. */
  readonly manifest?: string;
  /** The bytes of its `events.jsonl`, or the events. */
  readonly events?: Uint8Array | Iterable<CaptureEvent>;
}

/**
 * A capture of channels that are in memory already, wherever they are from: for programs that open files by other means,
 * or have none. It has nothing to close.
 *
 * @param channels The channels. Their bytes must not change.
 * @param parts What else is known.
 * @throws {CaptureError} `format` if the manifest is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { inspectCapture } from "@migwire/migwire/inspect";
 * import { captureOf } from "@migwire/migwire/memory";
 *
 * const capture = captureOf([{ bytes: Uint8Array.fromHex("5145564d0000000300") }]);
 * assertEquals(inspectCapture(capture).channels.map(({ label, bytes }) => [label, bytes]), [["main", 9]]);
 * ```
 */
export function captureOf(channels: readonly ChannelParts[], parts: CaptureParts = {}): Capture {
  const { name = "memory", manifest: text, events } = parts;
  const findings: Finding[] = [];
  const manifest = text === undefined ? undefined : readManifest(text, name, (finding) => findings.push(finding));
  return {
    name: parts.name ?? manifest?.name ?? name,
    kind: "directory",
    ...(manifest === undefined ? {} : { manifest }),
    channels: channels.map(channelOf).sort((a, b) => a.index - b.index || (a.direction < b.direction ? 1 : -1)),
    ...(events === undefined
      ? {}
      : { events: events instanceof Uint8Array ? new EventFile(new MemorySource(events)) : events }),
    findings,
    close(): void {},
  };
}

function channelOf({ bytes, index: own, direction = "s2d" }: ChannelParts, place: number): CaptureChannel {
  const index = own ?? place;
  return {
    label: `channel-${String(index).padStart(2, "0")}.${direction}`,
    index,
    direction,
    isFile: false,
    source: bytes instanceof Uint8Array ? new MemorySource(bytes) : bytes,
  };
}
