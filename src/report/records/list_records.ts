import {
  type Capture,
  type CaptureChannel,
  identifyChannels,
  readCapture,
  type ReadChannel,
  type ReadingOptions,
} from "../../capture/values.ts";
import type { BaseRecord, ChannelRole } from "../../stream/mod.ts";
import type { Finding } from "../../wire/mod.ts";
import type { RecordLine } from "./line.ts";
import { expandPages } from "./pages.ts";
import { ScopeTracker } from "./section_scope.ts";
import { Squasher } from "./squasher.ts";
import { Tap } from "./tap.ts";

/** How runs of pages are listed. */
export type PageView =
  /** As the parser gives them: a record a run. */
  | "runs"
  /** A line a page. */
  | "single"
  /** Neighbouring runs of a block as one line. */
  | "squashed";

/** What is listed, and how. A set that is absent takes everything. */
export interface ListOptions extends Pick<ReadingOptions, "report" | "pageSize"> {
  /** Labels of channels. */
  readonly channels?: ReadonlySet<string>;
  /** Names of sections: their records on the main channel, and their device-state packets. */
  readonly devices?: ReadonlySet<string>;
  /** Kinds of records. */
  readonly kinds?: ReadonlySet<string>;
  /** Channel offset: records that end at it or before are left out. */
  readonly from?: number;
  /** Channel offset: records that begin at it or after are left out, and not even read where nothing depends on them. */
  readonly to?: number;
  /** How runs of pages are listed; `runs` if absent. */
  readonly pages?: PageView;
}

/** What reading for a list has told. */
export interface RecordListing {
  /** Lines that were handed out. */
  readonly lines: number;
  /** Records that were understood, listed or not: all but `opaque` and `truncated`. */
  readonly understood: number;
  /** Kinds of the records that were read, listed or not. */
  readonly kinds: ReadonlySet<string>;
}

/** Channels that cannot be read without what a main channel tells. */
const DEPENDENT: ReadonlySet<ChannelRole> = new Set<ChannelRole>(["recovery", "preempt", "multifd"]);

/** Channels that tell it. */
const TELLING: ReadonlySet<ChannelRole> = new Set<ChannelRole>(["main", "recovery"]);

/**
 * Lists the records of a capture, channel after channel, in memory that does not grow with their number. Findings of
 * channels that are not listed, and from behind `to`, are not reported.
 *
 * @param capture The capture; it is not closed.
 * @param sink Receives the lines. What it throws ends the reading.
 * @param options What is listed.
 * @returns What reading has told.
 * @throws `CaptureError` if bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { captureOf } from "@migwire/migwire/memory";
 * import { listRecords } from "@migwire/migwire/records";
 *
 * const kinds: string[] = [];
 * const capture = captureOf([{ bytes: Uint8Array.fromHex("5145564d0000000300") }]);
 * listRecords(capture, (line) => kinds.push(line.kind));
 * assertEquals(kinds, ["file-header", "eof"]);
 * ```
 */
export function listRecords(
  capture: Capture,
  sink: (line: RecordLine) => void,
  options: ListOptions = {},
): RecordListing {
  const lister = new Lister(identifyChannels(capture), sink, options);
  const taps = new Map(capture.channels.map((channel) => {
    const tap = new Tap(channel);
    return [tap.channel, tap];
  }));
  const qemu = capture.manifest?.destination?.qemu;
  readCapture({ ...capture, channels: [...taps.keys()] }, (record, entry) => lister.add(record, entry, taps), {
    ...(options.pageSize === undefined ? {} : { pageSize: options.pageSize }),
    ...(qemu === undefined ? {} : { qemu }),
    report: (finding) => {
      if (lister.concerns(finding)) options.report?.(finding);
    },
  });
  return lister.finish();
}

class Lister {
  readonly #channels: readonly ReadChannel[];
  readonly #options: ListOptions;
  readonly #sink: (line: RecordLine) => void;
  readonly #squasher: Squasher | undefined;
  readonly #kinds = new Set<string>();
  readonly #from: number;
  readonly #to: number;
  /** Labels of channels whose reading was ended early. */
  readonly #ended = new Set<string>();
  #scope = new ScopeTracker();
  #entry: ReadChannel | undefined;
  /** The channel being read, with its bytes. */
  #channel: ReadChannel | undefined;
  #tap: Tap | undefined;
  #listed = true;
  #mayEnd = true;
  #lines = 0;
  #understood = 0;

  constructor(channels: readonly ReadChannel[], sink: (line: RecordLine) => void, options: ListOptions) {
    this.#channels = channels;
    this.#options = options;
    this.#from = options.from ?? 0;
    this.#to = options.to ?? Infinity;
    this.#sink = (line) => {
      this.#lines++;
      sink(line);
    };
    if (options.pages === "squashed") this.#squasher = new Squasher(this.#sink);
  }

  /** Whether a finding is about something that is listed. */
  concerns({ channel, offset }: Finding): boolean {
    return this.#selects(channel) && !this.#ended.has(channel) && offset < this.#to;
  }

  #selects(label: string): boolean {
    return this.#options.channels?.has(label) ?? true;
  }

  add(record: BaseRecord, entry: ReadChannel, taps: ReadonlyMap<CaptureChannel, Tap>): void {
    if (entry !== this.#entry) this.#enter(entry, taps);
    if (this.#tap?.closed) return;
    this.#kinds.add(record.kind);
    if (record.kind !== "opaque" && record.kind !== "truncated") this.#understood++;
    if (this.#mayEnd && (!this.#listed || record.offset >= this.#to)) this.#end();
    const { section, depth } = this.#scope.next(record);
    if (!this.#listed || !this.#wanted(record, section?.idstr) || this.#channel === undefined) return;
    const where = { channel: this.#channel, depth, ...(section === undefined ? {} : { section }) };
    if (this.#options.pages === "single") {
      for (const page of expandPages(record, this.#from, this.#to)) this.#sink(lineOf(page, where));
    } else if (this.#squasher !== undefined) this.#squasher.add(lineOf(record, where));
    else this.#sink(lineOf(record, where));
  }

  #enter(entry: ReadChannel, taps: ReadonlyMap<CaptureChannel, Tap>): void {
    this.#squasher?.flush();
    this.#entry = entry;
    this.#tap = taps.get(entry.channel);
    this.#channel = { ...entry, channel: this.#tap?.original ?? entry.channel };
    this.#scope = new ScopeTracker();
    this.#listed = this.#selects(entry.label);
    const index = this.#channels.findIndex(({ label }) => label === entry.label);
    const dependent = this.#channels.slice(index + 1).some(({ identity, label }) =>
      DEPENDENT.has(identity.role) && this.#selects(label)
    );
    this.#mayEnd = !(TELLING.has(entry.identity.role) && dependent);
  }

  #end(): void {
    if (this.#tap === undefined || this.#entry === undefined) return;
    this.#tap.closed = true;
    this.#ended.add(this.#entry.label);
  }

  #wanted(record: BaseRecord, idstr: string | undefined): boolean {
    const { kinds, devices } = this.#options;
    const end = record.offset + record.length;
    // A record of no bytes, as a truncated one can be, is in the range if its place is.
    const inRange = record.offset < this.#to && (end > this.#from || record.offset >= this.#from);
    return inRange && (kinds?.has(record.kind) ?? true) &&
      (devices === undefined || (idstr !== undefined && devices.has(idstr)));
  }

  finish(): RecordListing {
    this.#squasher?.flush();
    return { lines: this.#lines, understood: this.#understood, kinds: this.#kinds };
  }
}

function lineOf(record: BaseRecord, where: Pick<RecordLine, "channel" | "depth" | "section">): RecordLine {
  const { kind, offset, length } = record;
  return { ...where, kind, offset, length, record };
}
