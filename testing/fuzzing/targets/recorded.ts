/** Recordings: options, the text of `capture.json`, that of `events.jsonl`, and then channels, each a part of the input. */

import { type Capture, CaptureError, captureOf } from "../../../src/capture/mod.ts";
import { refusing } from "../guided/target.ts";
import { joinParts, splitParts } from "../parts.ts";
import { linePieces, tokenPieces } from "../pieces.ts";
import type { Piece } from "../seed.ts";
import { channelPieces, channelsOf } from "./captures.ts";

/** What an input holds. */
export interface Recorded {
  /** Its options. */
  readonly options: Uint8Array;
  /** `capture.json`; there is none if it is empty. */
  readonly manifest: Uint8Array;
  /** `events.jsonl`, likewise. */
  readonly events: Uint8Array;
  /** The channels. */
  readonly channels: ReturnType<typeof channelsOf>;
}

/** Parts that every input has. */
export const RECORDED_PARTS = 4;

/** Takes an input apart. */
export function recordedOf(input: Uint8Array): Recorded {
  const [options = input, manifest = input, events = input, ...channels] = splitParts(input, RECORDED_PARTS);
  return { options, manifest, events, channels: channelsOf(channels) };
}

/** Puts an input together. */
export function recordedInput(
  options: readonly number[],
  texts: { readonly manifest?: Uint8Array; readonly events?: Uint8Array },
  channels: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const { manifest = new Uint8Array(0), events = new Uint8Array(0) } = texts;
  return joinParts([Uint8Array.from(options), manifest, events, ...channels]);
}

/** The capture of an input, in memory; undefined if its manifest is of another format. */
export function recordedCapture({ manifest, events, channels }: Recorded): Capture | undefined {
  return refusing([CaptureError], () =>
    captureOf(channels, {
      ...(manifest.length === 0 ? {} : { manifest: new TextDecoder().decode(manifest) }),
      ...(events.length === 0 ? {} : { events }),
    }));
}

/** The pieces of a part. */
export function recordedPieces(part: Uint8Array, index: number): Piece[] {
  if (index === 1) return tokenPieces(part);
  if (index === 2) return (part.length % 2 === 0 ? linePieces : tokenPieces)(part);
  return channelPieces(part, index);
}
