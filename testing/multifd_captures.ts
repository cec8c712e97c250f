/** The multifd channels of the recorded captures, for tests. @module */

import { CAPTURES, haveCaptures } from "./real_captures.ts";

/** One multifd channel of a capture. */
export interface CapturedChannel {
  /** Name of the capture. */
  readonly capture: string;
  /** Name of the file in it. */
  readonly file: string;
}

/** The bytes of a file of a capture. */
export function captureBytes({ capture, file }: CapturedChannel): Uint8Array {
  return Deno.readFileSync(new URL(`${capture}/${file}`, CAPTURES));
}

/** A file of QEMU's own trace, or undefined if the capture has none. */
export function captureTrace(capture: string, side: "source" | "destination"): string | undefined {
  try {
    return Deno.readTextFileSync(new URL(`${capture}/oracle/${side}.trace`, CAPTURES));
  } catch {
    return undefined;
  }
}

/** The outcome of a capture's source and destination, as `capture.json` states it. */
export function captureOutcome(capture: string): { source: string; destination: string } {
  return JSON.parse(Deno.readTextFileSync(new URL(`${capture}/capture.json`, CAPTURES))).outcome;
}

/** Every channel file that begins with a multifd packet; none where there are no captures. */
export function multifdChannels(): CapturedChannel[] {
  if (!haveCaptures()) return [];
  const channels: CapturedChannel[] = [];
  for (const { name: capture, isDirectory } of Deno.readDirSync(CAPTURES)) {
    if (!isDirectory) continue;
    for (const { name: file } of Deno.readDirSync(new URL(`${capture}/`, CAPTURES))) {
      if (!/^channel-\d+\.s2d$/.test(file)) continue;
      if (captureBytes({ capture, file }).subarray(0, 4).toHex() === "11223344") channels.push({ capture, file });
    }
  }
  return channels.sort((a, b) => `${a.capture}/${a.file}`.localeCompare(`${b.capture}/${b.file}`));
}
