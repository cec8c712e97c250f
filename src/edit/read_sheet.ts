import { type Capture, type CaptureChannel, identifyChannels, readCapture, type ReadChannel } from "../capture/mod.ts";
import { ScopeTracker } from "../report/records/section_scope.ts";
import type { RecordSection } from "../report/records/mod.ts";
import type { BaseRecord, CommandRecord, MigrationState, MultifdSyncRecord } from "../stream/mod.ts";
import { MULTIFD_FLAG } from "../wire/mod.ts";
import type { Edit } from "./edit.ts";
import { EditError } from "./edit_error.ts";
import { cutRun, isPage } from "./page_runs.ts";
import { isChannelAlone, Matcher } from "./selector.ts";
import type { Frame, Slip, Track } from "./sheet.ts";

/** What an edit is for. */
export interface Hits {
  /** The records that it selects, in the order in which they were read. */
  readonly slips: Slip[];
  /** Those that it moves them to. */
  readonly anchors: Slip[];
  /** Channels that it selects as a whole. */
  readonly tracks: Track[];
}

/** A capture, as far as edits are about it. */
export interface Sheet {
  readonly tracks: Track[];
  /** For each edit. */
  readonly hits: readonly Hits[];
  /** What the main channel has told. */
  readonly state: MigrationState;
}

const HEADERS: ReadonlySet<string> = new Set(["section-start", "section-full", "section-part", "section-end"]);

/** Records that are no part of a section, whatever came before. */
const OUTSIDE: ReadonlySet<string> = new Set(["file-header", "configuration", "command", "eof", "vm-description"]);

/** Whether a record is the header of a section. */
export function isSectionHeader(record: BaseRecord | undefined): boolean {
  return record !== undefined && HEADERS.has(record.kind);
}

/**
 * Reads a capture once. Kept are the records that edits are for, and those that may have to be made right with them; of
 * all others only where they are.
 *
 * @throws {EditError} `no-record` for an edit that is for nothing, `pipe`
 */
export function readSheet(capture: Capture, edits: readonly Edit[], pageSize: number | undefined): Sheet {
  const channels = identifyChannels(capture);
  for (const { channel } of channels) if (channel.source === undefined) throw pipeError(channel);
  const matchers = edits.map((edit) => ({
    select: new Matcher(edit.select, channels),
    anchor: edit.action === "reorder" ? new Matcher(edit.anchor, channels) : undefined,
    /** With a channel alone nothing of it need be kept. */
    whole: isWhole(edit),
  }));
  const hits: Hits[] = edits.map(() => ({ slips: [], anchors: [], tracks: [] }));
  const reader = new SheetReader(matchers, hits);
  // Channels are identified anew; the entries that records come with are not those that the matchers know.
  const known = new Map<CaptureChannel, ReadChannel>(channels.map((entry) => [entry.channel, entry]));
  const { state } = readCapture(capture, (record, { channel }) => {
    const entry = known.get(channel);
    if (entry !== undefined) reader.take(record, entry);
  }, pageSize === undefined ? {} : { pageSize });
  const tracks = reader.finish(channels);
  for (const [i, { select, anchor, whole }] of matchers.entries()) {
    const { slips = [], anchors = [], tracks: found = [] } = hits[i] ?? {};
    if (whole) found.push(...tracks.filter((track) => select.takes(track.entry)));
    else if (slips.length === 0) throw select.missing();
    if (anchor !== undefined && anchors.length === 0) throw anchor.missing();
  }
  return { tracks, hits, state };
}

/** Whether an edit is for channels, not for records of them. */
function isWhole({ action, select }: Edit): boolean {
  return isChannelAlone(select) && (action === "drop" || action === "truncate" || action === "corrupt");
}

function pipeError({ label }: CaptureChannel): EditError {
  return new EditError(
    "pipe",
    `Cannot edit ${label}: it comes from a pipe and is too large to be kept`,
    "write it to a file first",
  );
}

interface EditMatchers {
  readonly select: Matcher;
  readonly anchor: Matcher | undefined;
  readonly whole: boolean;
}

/** What an edit wants of a record: some of its pages, or all. */
interface Wanted {
  readonly slips: Slip[];
  readonly pages: ReadonlySet<number> | undefined;
}

class SheetReader {
  readonly #matchers: readonly EditMatchers[];
  readonly #hits: readonly Hits[];
  readonly #tracks = new Map<ReadChannel, Track>();
  #track: Track | undefined;
  #scope = new ScopeTracker();
  /** Beginning and end of what is not kept. */
  #gap: { from: number; to: number; block: string | undefined } = { from: 0, to: 0, block: undefined };
  #frame: Frame | undefined;
  /** The page before was kept, so that the next one may have to say its name. */
  #afterPage = false;
  /** Pages of the section whose header is kept went by. */
  #framePage = false;
  #pack: { slip: Slip; end: number } | undefined;
  #round = 0;
  readonly #ordinals = new Map<string, number>();

  constructor(matchers: readonly EditMatchers[], hits: readonly Hits[]) {
    this.#matchers = matchers;
    this.#hits = hits;
  }

  take(record: BaseRecord, entry: ReadChannel): void {
    if (this.#track?.entry !== entry) this.#begin(entry);
    const { section } = this.#scope.next(record);
    if (this.#track !== undefined && record.kind.startsWith("ram-mapped-")) {
      this.#track.mappedEnd = record.offset + record.length;
    }
    const ordinal = this.#ordinalOf(record, section);
    const wanted: Wanted[] = [];
    const want = (slips: Slip[], found: ReturnType<Matcher["find"]>): void => {
      if (found !== undefined) wanted.push({ slips, pages: found === "all" ? undefined : new Set(found) });
    };
    for (const [i, { select, anchor, whole }] of this.#matchers.entries()) {
      const { slips = [], anchors = [] } = this.#hits[i] ?? {};
      const placed = { record, channel: entry, section };
      if (!whole) want(slips, select.find(placed));
      want(anchors, anchor?.find(placed));
    }
    if (wanted.length === 0) return this.#place(record, section, ordinal, []);
    const pages = new Set(wanted.flatMap(({ pages = [] }) => [...pages]));
    for (const part of cutRun(record, [...pages].sort((a, b) => a - b))) {
      const selected = wanted.filter(({ pages }) => pages?.has(part.first) ?? true).map(({ slips }) => slips);
      this.#place(part.record, section, ordinal, selected);
    }
  }

  #place(record: BaseRecord, section: RecordSection | undefined, ordinal: number, selected: readonly Slip[][]): void {
    const ends = isSectionHeader(record) || OUTSIDE.has(record.kind);
    if (ends) this.#endFrame();
    if (this.#pack !== undefined && record.offset >= this.#pack.end) {
      this.#flush();
      this.#pack = undefined;
    }
    const page = isPage(record);
    const kept = selected.length > 0 || (record.kind === "section-footer" && this.#frame !== undefined) ||
      (page && this.#afterPage) || record.kind === "vm-description" || isPackage(record);
    if (!kept) {
      this.#gap.to = record.offset + record.length;
      if (page) this.#gap.block = record.block;
      if (page) this.#afterPage = false;
      this.#framePage ||= page && this.#frame !== undefined;
    } else this.#keep(record, section, ordinal, selected);
    if (isSync(record)) this.#round++;
  }

  #keep(record: BaseRecord, section: RecordSection | undefined, ordinal: number, selected: readonly Slip[][]): void {
    this.#flush();
    const slip = this.#slip(record.offset, record.length, record, section, ordinal);
    if (slip === undefined) return;
    for (const hits of selected) hits.push(slip);
    this.#gap = { from: record.offset + record.length, to: record.offset + record.length, block: undefined };
    if (isPage(record)) {
      slip.block = record.block;
      this.#afterPage = selected.length > 0;
    }
    if (selected.length > 0 && isSectionHeader(record)) {
      this.#frame = { header: slip, slips: [slip] };
      slip.frame = this.#frame;
    } else if (record.kind === "section-footer" && this.#frame !== undefined) {
      this.#frame.footer = slip;
      this.#leaveFrame();
    }
    if (isPackage(record)) {
      const start = record.offset + record.length;
      this.#pack = { slip, end: start + (record.blobLength ?? 0) };
    }
  }

  /** All channels, also those without a record. */
  finish(channels: readonly ReadChannel[]): Track[] {
    this.#endChannel();
    return channels.map((entry) => this.#tracks.get(entry) ?? newTrack(entry));
  }

  #begin(entry: ReadChannel): void {
    this.#endChannel();
    this.#track = newTrack(entry);
    this.#tracks.set(entry, this.#track);
    this.#scope = new ScopeTracker();
    this.#gap = { from: 0, to: 0, block: undefined };
    this.#pack = undefined;
    this.#round = 0;
    this.#afterPage = false;
    this.#ordinals.clear();
  }

  #endChannel(): void {
    this.#endFrame();
    this.#flush();
  }

  /** A section without a footer ends where the next thing begins. */
  #endFrame(): void {
    if (this.#frame === undefined) return;
    this.#flush();
    this.#leaveFrame();
  }

  #leaveFrame(): void {
    this.#frame = undefined;
    this.#afterPage ||= this.#framePage;
    this.#framePage = false;
  }

  /** What lies between becomes a slip. */
  #flush(): void {
    const { from, to, block } = this.#gap;
    if (to <= from) return;
    const slip = this.#slip(from, to - from, undefined, undefined, 0);
    if (slip !== undefined && block !== undefined) slip.block = block;
    this.#gap = { from: to, to, block: undefined };
  }

  #slip(
    offset: number,
    length: number,
    record: BaseRecord | undefined,
    section: RecordSection | undefined,
    ordinal: number,
  ): Slip | undefined {
    const track = this.#track;
    if (track === undefined) return undefined;
    const slip: Slip = {
      track,
      offset,
      length,
      ...(record === undefined ? {} : { record, original: record }),
      ...(section === undefined ? {} : { section }),
      ...(this.#pack === undefined ? {} : { pack: this.#pack.slip }),
      ...(this.#frame === undefined ? {} : { frame: this.#frame }),
      ordinal,
      round: this.#round,
      own: new Set(),
      dropped: false,
      copy: false,
    };
    track.slips.push(slip);
    this.#frame?.slips.push(slip);
    return slip;
  }

  #ordinalOf(record: BaseRecord, section: RecordSection | undefined): number {
    if (record.kind !== "section-full" || section === undefined) return 0;
    const key = `${section.instanceId} ${section.idstr}`;
    const ordinal = this.#ordinals.get(key) ?? 0;
    this.#ordinals.set(key, ordinal + 1);
    return ordinal;
  }
}

function newTrack(entry: ReadChannel): Track {
  const { source } = entry.channel;
  if (source === undefined) throw pipeError(entry.channel);
  return { entry, source, slips: [], gone: false, mappedEnd: 0 };
}

function isPackage(record: BaseRecord): record is CommandRecord {
  return record.kind === "command" && (record as CommandRecord).blobLength !== undefined;
}

function isSync(record: BaseRecord): boolean {
  if (record.kind !== "multifd-sync" && record.kind !== "multifd-ram") return false;
  return ((record as MultifdSyncRecord).flags & MULTIFD_FLAG.SYNC) !== 0;
}
