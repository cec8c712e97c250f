/** Opens packet captures that are in memory, for the tests of this folder. @module */

import type { Capture } from "../capture.ts";
import { MemorySource, readBytes } from "../source.ts";
import { openPackets } from "./mod.ts";

/** Opens `bytes` as a file. */
export function openBytes(bytes: Uint8Array, migration?: number): Capture {
  const name = "x.pcap";
  return openPackets(new MemorySource(bytes), { name, label: name, ...(migration === undefined ? {} : { migration }) });
}

/** The bytes of all channels: `0 s2d` and so on. */
export function channelsOf(capture: Capture): { [channel: string]: Uint8Array } {
  return Object.fromEntries(
    capture.channels.map(({ index, direction, source }) => [
      `${index} ${direction}`,
      source === undefined ? new Uint8Array(0) : readBytes(source, 0, source.size),
    ]),
  );
}

/** Codes of what was noticed, with the places. */
export function codesOf({ findings }: Capture): string[] {
  return findings.map(({ code, offset }) => `${code} ${offset}`);
}
