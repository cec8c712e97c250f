/** Captures for the tests of this folder. @module */

import { CORPUS_FOLDERS } from "../../../testing/corpus_folders.ts";
import { type ByteSource, type Capture, type Direction, MemorySource, openCapture } from "../../capture/mod.ts";
import type { RecordLine } from "./line.ts";
import { type ListOptions, listRecords } from "./list_records.ts";

/** A channel's bytes, and who sent them: the source if nothing is said. */
export type ChannelBytes = Uint8Array | { readonly source: ByteSource; readonly direction?: Direction };

/** A capture in memory, of one connection a channel. */
export function memoryCapture(...channels: readonly ChannelBytes[]): Capture {
  return {
    name: "memory",
    kind: "directory",
    channels: channels.map((bytes, index) => ({
      label: `channel-0${index}.s2d`,
      index,
      direction: "s2d",
      isFile: false,
      ...(bytes instanceof Uint8Array ? { source: new MemorySource(bytes) } : bytes),
    })),
    findings: [],
    close(): void {},
  };
}

/** A capture of one channel that comes through a pipe and is not kept. */
export function pipedCapture(bytes: Uint8Array): Capture {
  let at = 0;
  return openCapture("-", {
    keep: 16,
    stdin(into): number {
      const part = bytes.subarray(at, at + into.length);
      into.set(part);
      at += part.length;
      return part.length;
    },
  });
}

/** The lines of a capture. */
export function linesOf(capture: Capture, options: ListOptions = {}): RecordLine[] {
  const lines: RecordLine[] = [];
  listRecords(capture, (line) => lines.push(line), options);
  return lines;
}

/** The kinds of the lines of a capture. */
export function kindsOf(capture: Capture, options: ListOptions = {}): string[] {
  return linesOf(capture, options).map(({ kind }) => kind);
}

/** Whether no real captures can be read. */
export const NO_CAPTURES: boolean = CORPUS_FOLDERS.every(({ captures }) => captures.length === 0);

/** Whether the captures beside the project are missing, of which there are many kinds. */
export const FEW_CAPTURES: boolean = CORPUS_FOLDERS[0]?.captures.length === 0;

/** Gives `test` all real captures, one after the other. */
export function eachCapture(test: (capture: Capture, name: string) => void): void {
  for (const { url, captures } of CORPUS_FOLDERS) {
    for (const name of captures) {
      const capture = openCapture(decodeURIComponent(new URL(name, url).pathname));
      try {
        test(capture, name);
      } finally {
        capture.close();
      }
    }
  }
}
