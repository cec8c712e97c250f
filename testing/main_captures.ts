/** The main, recovery and preempt channels of the recorded captures, for tests. @module */

import {
  type BaseRecord,
  type Capture,
  ChannelParser,
  type Grammar,
  MainGrammar,
  MigrationState,
  openCapture,
  PreemptGrammar,
  readCapture,
} from "../mod.ts";
import { type ReadChannel, readDescription } from "../src/capture/mod.ts";
import { readBytes } from "../src/capture/source.ts";
import { CAPTURES, haveCaptures } from "./real_captures.ts";

/** Names of the recorded captures; none where they are not there or must not be read. */
export const CAPTURE_NAMES: readonly string[] = captureNames();

function captureNames(): string[] {
  if (!haveCaptures()) return [];
  return [...Deno.readDirSync(CAPTURES)].filter((entry) => entry.isDirectory).map(({ name }) => name).sort();
}

/** Opens a recorded capture for `use`. */
export function withCapture<T>(name: string, use: (capture: Capture) => T): T {
  const capture = openCapture(new URL(name, CAPTURES).pathname);
  try {
    return use(capture);
  } finally {
    capture.close();
  }
}

/** A file of what QEMU itself said of a capture; undefined where there is none. */
export function oracle(capture: string, file: string): string | undefined {
  try {
    return Deno.readTextFileSync(new URL(`${capture}/oracle/${file}`, CAPTURES));
  } catch {
    return undefined;
  }
}

/** A channel of a capture: its bytes, and how it is read. */
export interface MainChannel {
  /** Name of the capture, and label of the channel. */
  readonly name: string;
  /** All bytes. */
  readonly bytes: Uint8Array;
  /** A fresh grammar; a recovery or preempt channel goes on with what the channels before told. */
  grammar(): Grammar;
}

/** All of them. Files, which can be of any size, are not among them. */
export const MAIN_CHANNELS: readonly MainChannel[] = CAPTURE_NAMES.flatMap(mainChannels);

function mainChannels(name: string): MainChannel[] {
  return withCapture(name, (capture) => {
    const read = readCapture(capture, () => {}).channels.filter(({ channel }) => !channel.isFile);
    const before: { bytes: Uint8Array; make: (state: MigrationState) => Grammar }[] = [];
    return read.flatMap((entry): MainChannel[] => {
      const bytes = channelBytes(entry);
      const make = grammarOf(entry);
      if (make === undefined) return [];
      const earlier = before.slice();
      before.push({ bytes, make });
      return [{
        name: `${name}, ${entry.label}`,
        bytes,
        grammar(): Grammar {
          let state = new MigrationState();
          for (const channel of earlier) {
            const grammar = channel.make(state);
            const parser = new ChannelParser(grammar);
            parser.push(channel.bytes);
            parser.end();
            if (grammar instanceof MainGrammar) state = grammar.state;
          }
          return make(state);
        },
      }];
    });
  });
}

function grammarOf({ identity, channel }: ReadChannel): ((state: MigrationState) => Grammar) | undefined {
  const description = channel.source === undefined ? undefined : readDescription(channel.source);
  switch (identity.role) {
    case "main":
      return () => new MainGrammar(description === undefined ? {} : { description });
    case "recovery":
      return (state) => new MainGrammar({ resume: state });
    case "preempt":
      return (state) => new PreemptGrammar(state);
    default:
      return undefined;
  }
}

/** All bytes of a channel. */
export function channelBytes({ channel }: ReadChannel): Uint8Array {
  const { source } = channel;
  return source === undefined ? new Uint8Array(0) : readBytes(source, 0, source.size);
}

/** The records of each channel of a capture, by its label. */
export function recordsOf(capture: Capture): { channels: readonly ReadChannel[]; records: Map<string, BaseRecord[]> } {
  const records = new Map<string, BaseRecord[]>();
  const { channels } = readCapture(capture, (record, { label }) => {
    const list = records.get(label) ?? [];
    list.push(record);
    records.set(label, list);
  });
  return { channels, records };
}
