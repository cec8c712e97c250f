import type { DigestSummary } from "../../src/public/inspect.ts";
import type { BlockDigest, DeviceDigest } from "../../src/public/load.ts";
import { formatBytes, printable, type Style } from "../terminal.ts";
import { clip, firstFew } from "./layout.ts";
import { count, instanceName } from "./words.ts";

/** Columns of a block's name, which can have 255 bytes. */
const NAME_WIDTH = 60;

/**
 * Digests of RAM blocks and VFIO devices, each on a line below what it is of.
 *
 * @param digests What was loaded.
 * @param style How it looks.
 */
export function digestLines({ blocks, devices }: DigestSummary, style: Style): string[] {
  return [
    ...part("SHA-256 of RAM", blocks.map(blockEntry), style),
    ...part("SHA-256 of VFIO devices", devices.flatMap(deviceEntries), style),
  ];
}

type Entry = readonly [what: string, digest: string];

function part(title: string, entries: readonly Entry[], style: Style): string[] {
  if (entries.length === 0) return [];
  const text = (shown: readonly Entry[]): string[] => shown.flatMap(([what, digest]) => [`  ${what}`, `    ${digest}`]);
  return [style.bold(title), ...firstFew(entries, text)];
}

function blockEntry({ name, usedLength, sha256, pagesNeverSent }: BlockDigest): Entry {
  const what = `${clip(printable(name), NAME_WIDTH)} (${formatBytes(usedLength)})`;
  if (sha256 === null) return [what, "not in the stream: shared memory"];
  return [pagesNeverSent === 0 ? what : `${what}, ${count(pagesNeverSent, "page")} never came`, sha256];
}

function deviceEntries(device: DeviceDigest): Entry[] {
  const name = clip(instanceName(device), NAME_WIDTH);
  return [
    [`${name} state (${formatBytes(device.stateBytes)})`, device.stateSha256],
    [`${name} config`, device.configSha256 ?? "did not come"],
  ];
}
