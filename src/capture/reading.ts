/**
 * Reads all channels of a capture: finds out what each is, and reads them in an order in which what one tells is known
 * when another needs it.
 *
 * @module
 */

import {
  type BaseRecord,
  type ChannelIdentity,
  ChannelParser,
  type ChannelRole,
  type Grammar,
  IDENTIFY_MAX_BYTES,
  IDENTIFY_USUAL_BYTES,
  identifyChannel,
  type MainEnding,
  MainGrammar,
  MigrationState,
  MultifdGrammar,
  OpaqueGrammar,
  PreemptGrammar,
  ReturnPathGrammar,
  TlsGrammar,
} from "../stream/mod.ts";
import { type Finding, inWordsOf, type MultifdContext, WireError } from "../wire/mod.ts";
import { type Capture, type CaptureChannel, driveChannel, firstBytes } from "./capture.ts";
import { readDescription } from "./description.ts";

/** A channel of a capture, and what it is. */
export interface ReadChannel {
  /** Name in findings: `main`, `multifd 1`, `return path`. Different for each channel of a capture. */
  readonly label: string;
  /** What it is, and why. */
  readonly identity: ChannelIdentity;
  /** The channel. */
  readonly channel: CaptureChannel;
  /** multifd: its id. */
  readonly multifdId?: number;
}

/** How a capture is read. */
export interface ReadingOptions {
  /** Throw `WireError` at the first error. */
  readonly strict?: boolean;
  /** Receives findings. */
  readonly report?: (finding: Finding) => void;
  /** Target page size in bytes, where the user says it. */
  readonly pageSize?: number;
  /** Version of the QEMU whose words findings quote, and which decides what is wrong; the newest if absent. */
  readonly qemu?: string;
}

/** What reading a capture has told, beside its records. */
export interface Reading {
  /** The channels, in the order in which they were read. */
  readonly channels: readonly ReadChannel[];
  /** What the main channel has told; empty without one. */
  readonly state: MigrationState;
  /** How the last main or recovery channel ended; undefined without one. */
  readonly ending: MainEnding | undefined;
}

/** Channels that others need to know come first. */
const ORDER: readonly ChannelRole[] = ["main", "recovery", "preempt", "multifd", "return-path"];

const NAMES: { readonly [role in ChannelRole]?: string } = { "return-path": "return path", tls: "TLS" };

/** Byte 24 of a multifd channel's initial packet is its id (multifd.md §2). */
const MULTIFD_ID_OFFSET = 24;

/**
 * What the channels of a capture are, in the order in which they are read (main-channel.md §13). Only their first bytes
 * are looked at, and nothing of a pipe is used up.
 *
 * @param capture An open capture.
 * @returns Each of its channels, with what it is and why.
 * @throws {CaptureError} If a channel cannot be read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { captureOf, identifyChannels } from "@migwire/migwire/memory";
 *
 * const capture = captureOf([{ bytes: Uint8Array.fromHex("5145564d00000003") }]);
 * assertEquals(identifyChannels(capture).map((channel) => channel.label), ["main"]);
 * ```
 */
export function identifyChannels(capture: Capture): ReadChannel[] {
  const found = capture.channels.map((channel) => {
    const first = firstBytes(channel, IDENTIFY_USUAL_BYTES);
    const usual = identifyChannel(first, { direction: channel.direction, ended: first.length < IDENTIFY_USUAL_BYTES });
    const identity = usual.needed <= first.length
      ? usual
      : identifyChannel(firstBytes(channel, IDENTIFY_MAX_BYTES), { direction: channel.direction, ended: true });
    const multifdId = identity.role === "multifd" ? first[MULTIFD_ID_OFFSET] : undefined;
    return { channel, identity, ...(multifdId === undefined ? {} : { multifdId }) };
  });
  const rank = (role: ChannelRole): number => (ORDER.indexOf(role) + ORDER.length + 1) % (ORDER.length + 1);
  found.sort((a, b) =>
    rank(a.identity.role) - rank(b.identity.role) || (a.multifdId ?? 0) - (b.multifdId ?? 0) ||
    a.channel.index - b.channel.index
  );
  const taken = new Set<string>();
  return found.map((entry) => {
    const { role } = entry.identity;
    const name = NAMES[role] ?? role;
    const plain = entry.multifdId === undefined ? name : `${name} ${entry.multifdId}`;
    const { index, direction } = entry.channel;
    // Another channel of that name is told apart by its connection, and the two directions of one by the direction.
    const names = [plain, `${plain} (connection ${index})`, `${plain} (connection ${index}, ${direction})`];
    const label = names.find((candidate) => !taken.has(candidate)) ?? plain;
    taken.add(label);
    return { ...entry, label };
  });
}

/** Receives the records of all channels, channel after channel. */
export type CaptureSink = (record: BaseRecord, channel: ReadChannel) => void;

/**
 * Reads a capture. Records come channel after channel: the main channel, recovery connections, preempt, multifd by id,
 * return paths, then what is none of these.
 *
 * @param capture The capture; a pipe can be read once.
 * @param sink Receives the records.
 * @param options How to read.
 * @returns What is known when all is read.
 * @throws `WireError` if reading is strict, `CaptureError` if bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { captureOf, readCapture } from "@migwire/migwire/memory";
 *
 * const kinds: string[] = [];
 * const capture = captureOf([{ bytes: Uint8Array.fromHex("5145564d000000030000") }]);
 * const reading = readCapture(capture, (record, { label }) => kinds.push(`${label}: ${record.kind}`));
 * assertEquals(kinds, ["main: file-header", "main: eof", "main: opaque"]);
 * assertEquals(reading.ending, "complete-no-description");
 * ```
 */
export function readCapture(capture: Capture, sink: CaptureSink, options: ReadingOptions = {}): Reading {
  const channels = identifyChannels(capture);
  const grammars = new ChannelGrammars(options);
  const { strict = false, qemu } = options;
  const report = (finding: Finding): void => options.report?.(inWordsOf(qemu, finding));
  for (const entry of channels) {
    const interrupted = wasInterrupted(entry, channels);
    const parser = new ChannelParser(grammars.for(entry), {
      channel: entry.label,
      // That an interrupted connection is cut is why there is another one.
      strict: strict && !interrupted,
      report: interrupted ? (finding) => report(excuseCut(finding)) : report,
    });
    quoting(qemu, () => driveChannel(entry.channel, parser, (record) => sink(record, entry)));
  }
  return { channels, state: grammars.state, ending: grammars.main?.ending };
}

/** What strict reading throws is in the words of `qemu`, too. */
function quoting(qemu: string | undefined, read: () => void): void {
  try {
    read();
  } catch (error) {
    throw error instanceof WireError ? new WireError(inWordsOf(qemu, error.finding)) : error;
  }
}

/** Roles of a postcopy migration's connections that break together, and are made anew by a recovery. */
const INTERRUPTIBLE: readonly ChannelRole[] = ["main", "recovery", "preempt", "return-path"];

/** Whether a later connection went on where this channel broke off (main-channel.md §10). */
function wasInterrupted({ identity, channel }: ReadChannel, all: readonly ReadChannel[]): boolean {
  return INTERRUPTIBLE.includes(identity.role) &&
    all.some((other) => other.identity.role === "recovery" && other.channel.index > channel.index);
}

function excuseCut(finding: Finding): Finding {
  if (finding.code !== "truncated") return finding;
  const { qemu: _qemu, ...rest } = finding;
  return { ...rest, severity: "warning", message: `${finding.message}: interrupted, a recovery connection goes on` };
}

/** Makes the grammars of a capture's channels, which share what the main channel has told. Main channels come first. */
export class ChannelGrammars {
  readonly #options: ReadingOptions;
  /** What the destination of the multifd channels knows. */
  readonly #multifd: MultifdContext;
  /** What the main channel has told. */
  state: MigrationState = new MigrationState();
  /** The last main or recovery channel. */
  main: MainGrammar | undefined;

  /** Grammars for one capture; `multifd` is what the destination of its multifd channels knows. */
  constructor(options: ReadingOptions & { readonly multifd?: MultifdContext }) {
    this.#options = options;
    this.#multifd = { ...(options.qemu === undefined ? {} : { qemu: options.qemu }), ...options.multifd };
    if (options.pageSize !== undefined) this.state.learnPageSize(options.pageSize, "option");
  }

  /** The grammar of a channel, which knows what the channels before it have told. */
  for({ identity, channel }: ReadChannel): Grammar {
    const { pageSize } = this.state;
    switch (identity.role) {
      case "main":
        return this.#mainChannel(channel);
      case "recovery":
        return this.main = new MainGrammar({ resume: this.state });
      case "preempt":
        return new PreemptGrammar(this.state);
      case "multifd":
        return new MultifdGrammar({
          ...(pageSize === undefined ? {} : { pageSize }),
          context: this.#multifd,
        });
      case "return-path":
        return new ReturnPathGrammar();
      case "tls":
        return new TlsGrammar();
      default:
        return new OpaqueGrammar(identity.reason);
    }
  }

  #mainChannel({ source, container }: CaptureChannel): MainGrammar {
    const { pageSize } = this.#options;
    const { qemu } = this.#multifd;
    const description = source === undefined ? undefined : readDescription(source);
    const main = new MainGrammar({
      ...(pageSize === undefined ? {} : { pageSize }),
      ...(description === undefined ? {} : { description }),
      ...(qemu === undefined ? {} : { qemu }),
      fileOffset: container?.offset ?? 0,
    });
    // A second main channel is another migration: the first one's state is what the other channels belong to.
    if (this.main === undefined) this.state = main.state;
    return this.main = main;
  }
}
