import {
  type BytePipe,
  type Capture,
  CAPTURE_FORMAT,
  type CaptureChannel,
  CaptureError,
  type CaptureManifest,
  ChannelGrammars,
  driveChannel,
  identifyChannels,
  type ReadChannel,
} from "../capture/mod.ts";
import { isMappedRam } from "../capture/mapped_ram.ts";
import { ChannelParser, type ChannelRole } from "../stream/mod.ts";
import { StructureKeeper } from "./structure_keeper.ts";

/** Channels in which structures can be told from payload. */
const READABLE: readonly ChannelRole[] = ["main", "multifd", "recovery", "return-path", "preempt"];

/** Channels that tell what others need. */
const TELLING: readonly ChannelRole[] = ["main", "recovery"];

/** Read at once. */
const PIECE = 256 * 1024;

/** Whoever wants to know what a channel is looks at so many bytes at most. */
const HEAD = 64 * 1024;

/** A part of a channel that is left out because it is not understood, and so may be anything. */
export interface LeftOutBytes {
  /** The channel: `main`, `multifd 1`. */
  readonly channel: string;
  /** Channel offset from which on nothing is kept. */
  readonly offset: number;
  /** Why it was not understood. */
  readonly reason: string;
}

/**
 * A capture without the guest's memory: all structures are as they were and where they were, but zeros stand for the
 * contents of pages, for pages that were compressed, and for the data of VFIO devices. Registers and the like of other
 * devices stay, as in a recording without payload; checksums of what was left out, and fields of `capture.json` that are
 * not defined, do not. A channel that is not understood, such as TLS, ends where that begins.
 *
 * @param capture The capture; its channels must not come from a pipe. It is read when the result is, channel after channel,
 * each once; closing the result closes it.
 * @param notKept Receives what is left out because it is not understood, when that channel was read.
 * @returns The capture, with `payload: false` in its manifest.
 * @throws {CaptureError} `no-form` for a pipe, or a mapped-ram file, whose pages stand in no record.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openCapture, readCapture } from "@migwire/migwire/capture";
 * import { withoutPayload } from "@migwire/migwire/record";
 *
 * const notUnderstood: string[] = [];
 * const capture = withoutPayload(openCapture("testdata/vfio-multifd-2"), ({ channel }) => notUnderstood.push(channel));
 * const { ending } = readCapture(capture, () => {});
 * assertEquals([capture.manifest?.payload, ending, notUnderstood], [false, "complete", []]);
 * capture.close();
 * ```
 */
export function withoutPayload(capture: Capture, notKept: (part: LeftOutBytes) => void): Capture {
  const entries = identifyChannels(capture);
  for (const { channel } of entries) {
    if (channel.source === undefined) throw noForm("it comes from a pipe", "write it to a file first");
    if (isMappedRam(channel)) {
      throw noForm("pages of a mapped-ram file stand in no record", "record without mapped-ram");
    }
  }
  const grammars = new ChannelGrammars({});
  // First what a multifd channel cannot be read without: the size of pages.
  for (const entry of entries) {
    if (!TELLING.includes(entry.identity.role)) continue;
    driveChannel(entry.channel, new ChannelParser(grammars.for(entry), { channel: entry.label }), () => {});
  }
  const { pageSize } = grammars.state;
  const again = new ChannelGrammars(pageSize === undefined ? {} : { pageSize });
  const readers = new Map<CaptureChannel, BlankChannel>();
  for (const entry of entries) {
    readers.set(
      entry.channel,
      new BlankChannel(entry, TELLING.includes(entry.identity.role) ? again : grammars, notKept),
    );
  }
  return {
    name: capture.name,
    kind: capture.kind,
    manifest: manifestOf(capture),
    channels: capture.channels.map((channel) => blankChannel(channel, readers.get(channel))),
    ...(capture.events === undefined ? {} : { events: capture.events }),
    findings: capture.findings,
    close: () => capture.close(),
  };
}

function noForm(message: string, hint: string): CaptureError {
  return new CaptureError("no-form", `Cannot leave out the guest's memory: ${message}`, hint);
}

function blankChannel(
  { label, index, direction, isFile }: CaptureChannel,
  reader: BlankChannel | undefined,
): CaptureChannel {
  const pipe: BytePipe = {
    get head(): Uint8Array {
      return reader?.head() ?? new Uint8Array(0);
    },
    read: (into) => reader?.read(into) ?? 0,
  };
  return { label, index, direction, isFile, pipe };
}

/** What the capture says of itself, without what tells of its payload. */
function manifestOf({ name, manifest }: Capture): CaptureManifest {
  if (manifest === undefined) {
    const base = name.split(/[\\/]/).findLast((part) => part !== "") ?? name;
    return { format: CAPTURE_FORMAT, name: base, payload: false, other: {} };
  }
  const { devices, file, other: _other, ...known } = manifest;
  return {
    ...known,
    payload: false,
    ...(devices === undefined ? {} : { devices: devices.map(({ stateSha256: _hash, ...device }) => device) }),
    ...(file === undefined ? {} : { file: withoutHash(file) }),
    other: {},
  };
}

function withoutHash(
  { sha256: _hash, ...file }: NonNullable<CaptureManifest["file"]>,
): NonNullable<CaptureManifest["file"]> {
  return file;
}

/** Gives the bytes of a channel that may be kept, and zeros for the others, from the first to the last understood one. */
class BlankChannel {
  readonly #entry: ReadChannel;
  readonly #grammars: ChannelGrammars;
  readonly #notKept: (part: LeftOutBytes) => void;
  #state: { readonly parser: ChannelParser; readonly keeper: StructureKeeper } | undefined;
  /** What is kept and was not given yet, in order. */
  #pieces: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  /** Given so far. */
  #given = 0;
  #ended = false;
  #head: Uint8Array<ArrayBuffer> | undefined;
  /** Read for the head, and not given yet. */
  #ahead = new Uint8Array(0);
  readonly #buffer = new Uint8Array(PIECE);

  constructor(entry: ReadChannel, grammars: ChannelGrammars, notKept: (part: LeftOutBytes) => void) {
    this.#entry = entry;
    this.#grammars = grammars;
    this.#notKept = notKept;
  }

  /** The first bytes; they are given all the same. */
  head(): Uint8Array<ArrayBuffer> {
    if (this.#head === undefined) {
      const head = new Uint8Array(HEAD);
      let filled = 0;
      for (let count = 1; count > 0 && filled < HEAD; filled += count) count = this.#next(head.subarray(filled));
      this.#head = head.slice(0, filled);
      this.#ahead = this.#head;
    }
    return this.#head;
  }

  /** The next bytes: how many, 0 at the end. */
  read(into: Uint8Array): number {
    if (this.#ahead.length === 0) return this.#next(into);
    const part = this.#ahead.subarray(0, into.length);
    into.set(part);
    this.#ahead = this.#ahead.subarray(part.length);
    return part.length;
  }

  #next(into: Uint8Array): number {
    const state = this.#state ??= this.#begin();
    if (state === undefined) return 0;
    while (this.#given === state.keeper.understood && !this.#ended) this.#step(state);
    const count = Math.min(into.length, state.keeper.understood - this.#given);
    const part = into.subarray(0, count).fill(0);
    const end = this.#given + count;
    while (this.#pieces.length > 0) {
      const [{ offset, bytes }] = this.#pieces as [{ offset: number; bytes: Uint8Array }];
      if (offset >= end) break;
      const from = Math.max(offset, this.#given);
      const to = Math.min(offset + bytes.length, end);
      if (to > from) part.set(bytes.subarray(from - offset, to - offset), from - this.#given);
      if (offset + bytes.length > end) break;
      this.#pieces.shift();
    }
    this.#given = end;
    return count;
  }

  #begin(): { parser: ChannelParser; keeper: StructureKeeper } | undefined {
    if (this.#ended) return undefined;
    const { identity, label } = this.#entry;
    if (!READABLE.includes(identity.role)) {
      this.#ended = true;
      this.#notKept({ channel: label, offset: 0, reason: identity.reason });
      return undefined;
    }
    const keeper = new StructureKeeper(this.#grammars.for(this.#entry), (offset, bytes) => {
      this.#pieces.push({ offset, bytes });
    });
    return { keeper, parser: new ChannelParser(keeper, { channel: label }) };
  }

  #step({ parser, keeper }: { readonly parser: ChannelParser; readonly keeper: StructureKeeper }): void {
    const { source } = this.#entry.channel;
    const { opaque, understood } = keeper;
    const count = opaque === undefined ? source?.readAt(parser.offset, this.#buffer) ?? 0 : 0;
    if (count === 0) {
      this.#ended = true;
      if (opaque === undefined) parser.end();
      else this.#notKept({ channel: this.#entry.label, offset: understood, reason: opaque.reason });
      return;
    }
    const bytes = this.#buffer.subarray(0, count);
    const passing = Math.min(parser.skippable, count);
    if (passing > 0) keeper.passed(parser.offset, bytes.subarray(0, passing));
    parser.push(bytes);
  }
}
