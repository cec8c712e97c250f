/** What the targets of Web Streams, comparing, pages and tables start from. @module */

import { readBytes } from "../../src/capture/mod.ts";
import { hostileCapture } from "../hostile_capture.ts";
import { ascii } from "../main_stream.ts";
import { joinParts } from "./parts.ts";
import { recordedInput } from "./targets/recorded.ts";

/** Channels of a capture. */
export type Channels = readonly Uint8Array[];

/** A part of a list: every input costs these targets some time. */
function some<T>(list: readonly T[], most: number): T[] {
  const step = Math.max(1, list.length / most);
  return list.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step));
}

const text = (lines: readonly object[]): Uint8Array =>
  new TextEncoder().encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));

/** A recording of channels that came side by side, in pieces. */
function recorded(channels: Channels, seed: number): Uint8Array {
  const pieces = 4;
  const events = [
    ...channels.map((_, ch) => ({ t: ch, ch, ev: "open" })),
    ...Array.from({ length: pieces }, (_, i) =>
      channels.map(({ length }, ch) => {
        const off = Math.floor(length * i / pieces);
        const len = Math.floor(length * (i + 1) / pieces) - off;
        return { t: 1e6 * (i + 1) + 1e3 * ch, ch, dir: "s2d", off, len };
      })).flat(),
    ...channels.map(({ length }, ch) => ({ t: 1e7, ch, dir: "s2d", off: length, ev: "end" })),
  ];
  const manifest = {
    format: "migwire-capture/1",
    name: `capture ${seed}`,
    about: "as it was recorded",
    source: { qemu: "10.0.2" },
    destination: { qemu: "10.0.2" },
    outcome: { source: "completed", destination: "exited", error: "no\nmore" },
  };
  const options = [seed % 8, seed % 5, seed % 3 === 0 ? 40 : 0, 0];
  return recordedInput(options, {
    manifest: seed % 4 === 0 ? new Uint8Array(0) : text([manifest]),
    events: seed % 2 === 0 ? new Uint8Array(0) : text(events),
  }, channels);
}

/** A recording whose every name attacks whoever shows it. */
function hostile(): Uint8Array {
  const { channels, events = [], manifest, name } = hostileCapture();
  const lines = [...events].map((event) => {
    const { time: t, channel: ch, kind } = event;
    if (kind === "open") return { t, ch, ev: kind };
    const { direction: dir, offset: off } = event;
    return kind === "data"
      ? { t, ch, dir, off, len: event.length }
      : { t, ch, dir, off, ev: kind, ...(event.error === undefined ? {} : { error: event.error }) };
  });
  return recordedInput(
    [0, 0, 0, 0],
    { manifest: text([{ ...manifest, format: "migwire-capture/1", name }]), events: text(lines) },
    channels.map(({ source }) => source === undefined ? new Uint8Array(0) : readBytes(source, 0, source.size)),
  );
}

/** Inputs for each of these targets. */
export function recordedSeeds(
  captures: readonly Channels[],
  others: Channels,
  files: Channels,
): { readonly [name in "web" | "diff" | "page" | "export"]: Uint8Array[] } {
  const recordings = [hostile(), ...some(captures, 40).map(recorded)];
  const pairs = some(captures, 12);
  return {
    "web": [...captures.flatMap((channels) => some(channels, 1)), ...others].map((bytes, i) =>
      joinParts([Uint8Array.of(i % 32, i % 256, i % 16, i % 64), bytes])
    ),
    "diff": [
      ...some(captures, 30).map((channels, i) =>
        joinParts([
          Uint8Array.of(i % 8, 0, i % 4, 0),
          i % 3 === 0 ? new Uint8Array(0) : Uint8Array.of(i % 3, i % 4, (i * 37) % 256, 1 << i % 8),
          ...channels,
        ])
      ),
      ...pairs.map((channels, i) =>
        joinParts([
          Uint8Array.of(i % 8, channels.length % 8, 0, 0),
          ascii(""),
          ...channels,
          ...pairs[(i + 1) % pairs.length] ?? [],
        ])
      ),
    ],
    "page": recordings,
    // A file alone, too: packets, a libvirt save image.
    "export": [...recordings, ...some(files, 8).map((bytes) => recordedInput([1, 0, 0, 0], {}, [bytes]))],
  };
}
