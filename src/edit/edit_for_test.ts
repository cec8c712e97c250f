/** What tests of edits have in common. @module */

import { type Capture, readBytes, readCapture, type ReadChannel } from "../capture/mod.ts";
import { forge, forgeDescription } from "../forge/mod.ts";
import { loadReport } from "../report/load/mod.ts";
import { type EditAction, editCapture, type EditedCapture, type EditOptions, parseEdit } from "./mod.ts";

/** What `load` says: `ok`, `would-hang(missing-idx)`. */
export async function verdictOf(capture: Capture): Promise<string> {
  const { kind, code } = (await loadReport(capture)).verdict;
  return code === "" ? kind : `${kind}(${code})`;
}

/** A capture with a device, four buffers over two channels, and RAM. */
export function smallCapture(): Capture {
  const steps = [
    "setup",
    { ram: { pages: [0, 4096], channel: 0 } },
    "barrier",
    "switchover",
    { data: { idx: 0, size: 40 } },
    { data: { idx: 1, size: 50, channel: 1 } },
    { data: { idx: 2, size: 60 } },
    { data: { idx: 3, size: 70, channel: 1 } },
    { config: 4 },
    "finish",
  ];
  return forge(forgeDescription({ title: "four buffers", steps }), "small");
}

/** Edits a capture by texts: `["drop", "index=1"]`. */
export function edited(
  capture: Capture,
  edits: readonly (readonly [action: EditAction, text: string])[],
  options: EditOptions = {},
): EditedCapture {
  return editCapture(capture, edits.map(([action, text]) => parseEdit(action, text)), options);
}

/** All bytes of the channels, by their files. */
export function allBytes({ channels }: Capture): Map<string, Uint8Array> {
  return new Map(
    channels.map((
      { label, source },
    ) => [label, source === undefined ? new Uint8Array(0) : readBytes(source, 0, source.size)]),
  );
}

/** Kinds and lengths of the records of channels, by their labels. */
export function recordsOf(capture: Capture): Map<string, string[]> {
  const found = new Map<string, string[]>();
  readCapture(capture, ({ kind, length, ...record }, { label }: ReadChannel) => {
    const index = "idx" in record ? ` ${record.idx}` : "";
    found.set(label, [...found.get(label) ?? [], `${kind}${index} ${length}`]);
  });
  return found;
}
