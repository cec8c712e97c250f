/**
 * Real channels, for tests that do something to every one of them: those of the captures beside the project, and those
 * in `testdata/`.
 *
 * @module
 */

import { identifyChannels, openCapture, readBytes, type ReadChannel } from "../src/capture/mod.ts";
import {
  ChannelParser,
  type ChannelRole,
  type Grammar,
  identifyChannel,
  MainGrammar,
  MigrationState,
  MultifdGrammar,
  OpaqueGrammar,
  PreemptGrammar,
  ReturnPathGrammar,
  TlsGrammar,
} from "../src/stream/mod.ts";
import type { CorpusFolder } from "./corpus_folders.ts";

/** A channel, with all that is needed to read it without others. */
export interface LoneChannel {
  /** For messages: `plain-tls/main`. */
  readonly name: string;
  /** What it is. */
  readonly role: ChannelRole;
  /** All of it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /**
   * A fresh grammar at its start, which knows what the capture's other channels tell, but no VM description: what is
   * known of a channel while its end is not there.
   */
  grammar(): Grammar;
}

/** A channel of a real capture. */
export interface CorpusChannel extends LoneChannel {
  /** The channel as the capture has it. */
  readonly entry: ReadChannel;
}

/** A capture in memory. */
export interface CorpusCapture {
  /** Name of its directory. */
  readonly name: string;
  /** Its channels, in the order in which they are read. */
  readonly channels: readonly CorpusChannel[];
}

/** Reads a capture into memory. */
export function loadCapture(folder: CorpusFolder, name: string): CorpusCapture {
  const capture = openCapture(decodeURIComponent(new URL(name, folder.url).pathname));
  try {
    const entries = identifyChannels(capture);
    const contents = entries.map(({ channel: { source } }) =>
      source === undefined ? new Uint8Array(0) : readBytes(source, 0, source.size)
    );
    const others = new Others(entries, contents);
    const channels = entries.map((entry, i): CorpusChannel => ({
      name: `${name}/${entry.label}`,
      role: entry.identity.role,
      entry,
      bytes: contents[i] ?? new Uint8Array(0),
      grammar: () => others.grammar(entry),
    }));
    return { name, channels };
  } finally {
    capture.close();
  }
}

/** A channel that is not part of a capture; undefined if it is none that has a grammar. */
export function loneChannel(name: string, bytes: Uint8Array<ArrayBuffer>): LoneChannel | undefined {
  const { role } = identifyChannel(bytes, { ended: true });
  const grammar = LONE_GRAMMARS[role];
  return grammar === undefined ? undefined : { name, role, bytes, grammar };
}

const LONE_GRAMMARS: { readonly [role in ChannelRole]?: () => Grammar } = {
  "main": () => new MainGrammar(),
  "preempt": () => new PreemptGrammar(),
  "multifd": () => new MultifdGrammar(),
  "return-path": () => new ReturnPathGrammar(),
  "tls": () => new TlsGrammar(),
};

/** Gives each channel what it has to know of the others. */
class Others {
  readonly #entries: readonly ReadChannel[];
  readonly #contents: readonly Uint8Array[];
  #pageSize: number | undefined;

  constructor(entries: readonly ReadChannel[], contents: readonly Uint8Array[]) {
    this.#entries = entries;
    this.#contents = contents;
  }

  grammar({ identity, channel }: ReadChannel): Grammar {
    switch (identity.role) {
      case "main":
        return new MainGrammar({ fileOffset: channel.container?.offset ?? 0 });
      case "recovery":
        return new MainGrammar({ resume: this.#state() });
      case "preempt":
        return new PreemptGrammar(this.#state());
      case "multifd":
        return new MultifdGrammar({ pageSize: this.#pageSize ??= this.#state().pageSize ?? 4096 });
      default:
        return LONE_GRAMMARS[identity.role]?.() ?? new OpaqueGrammar(identity.reason);
    }
  }

  /** What the main channel tells, from reading it once more: whoever goes on with a state changes it. */
  #state(): MigrationState {
    const index = this.#entries.findIndex(({ identity }) => identity.role === "main");
    if (index < 0) return new MigrationState();
    const main = new MainGrammar();
    new ChannelParser(main).push(this.#contents[index] ?? new Uint8Array(0));
    return main.state;
  }
}
