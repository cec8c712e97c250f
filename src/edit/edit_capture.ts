import { decodeText, encodeText, Random } from "../bytes/mod.ts";
import { type Capture, type CaptureChannel, type CaptureManifest, OffsetSource, readBytes } from "../capture/mod.ts";
import type { CommandRecord } from "../stream/mod.ts";
import { type ApplyContext, applyEdit, ChangeLog, placeOf } from "./apply.ts";
import { corrupt, flipBits, type Target } from "./corrupt.ts";
import { DescriptionEditor } from "./description.ts";
import type { Edit, Repair } from "./edit.ts";
import { EditedEvents, type EditedStream } from "./edited_events.ts";
import { EditError } from "./edit_error.ts";
import { editText } from "./edit_text.ts";
import { withValue } from "./fields.ts";
import { nameBlocks } from "./names.ts";
import { readSheet, type Sheet } from "./read_sheet.ts";
import { lengthOf, renderTrack } from "./render.ts";
import { repairRecord } from "./repair.ts";
import { EDIT_FORMAT, type EditReport, editValue } from "./report.ts";
import type { Slip, Track } from "./sheet.ts";
import { SpliceSource } from "./splice.ts";

/** Longest VM description that is made right, bytes: real ones have up to a few MiB. */
const DESCRIPTION_LIMIT = 16 * 1024 * 1024;

/** How {@linkcode editCapture} edits. */
export interface EditOptions {
  /** What is not made right again; all is if absent. */
  readonly leaveWrong?: readonly Repair[];
  /** What random choices come from, a whole number; 0 if absent. The same seed makes the same choices. */
  readonly seed?: number;
  /** Target page size in bytes, where the stream does not tell it. */
  readonly pageSize?: number;
}

/** A capture that was edited. Its bytes are read from the one that it was made from, which must stay open. */
export interface EditedCapture extends Capture {
  /** What is not as it was. */
  readonly report: EditReport;
}

/**
 * Changes a capture: fields, records, order, ends, bits. What depends on a change is made right with it: lengths, counts,
 * footers, the VM description. What an edit sets itself stays as it sets it, and what comes later in the channel stays
 * where it was found, so that places of the capture as it was read are good for all edits.
 *
 * Memory grows with the records that edits are for, not with the capture: all else is read where it is.
 *
 * @param capture The capture; it is not closed, and must stay open as long as the result is used.
 * @param edits What is changed, in order.
 * @param options What is left wrong, and what random choices come from.
 * @throws {EditError} If an edit is for nothing, or cannot be done.
 * @throws {CaptureError} If bytes cannot be had.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { editCapture, parseEdit } from "@migwire/migwire/edit";
 * import { forge, forgeDescription } from "@migwire/migwire/forge";
 * import { loadReport } from "@migwire/migwire/load";
 *
 * const steps = ["setup", "switchover", { data: 0 }, { data: 1 }, { config: 2 }, "finish"];
 * const capture = forge(forgeDescription({ title: "two buffers", steps }));
 * const edited = editCapture(capture, [parseEdit("drop", "kind=multifd-device-state,index=1")]);
 * assertEquals((await loadReport(capture)).verdict.kind, "ok");
 * assertEquals((await loadReport(edited)).verdict.code, "missing-idx");
 * ```
 */
export function editCapture(capture: Capture, edits: readonly Edit[], options: EditOptions = {}): EditedCapture {
  const { leaveWrong = [], seed = 0, pageSize } = options;
  const sheet = readSheet(capture, edits, pageSize);
  const leftWrong = new Set(leaveWrong);
  const log = new ChangeLog();
  const description = leftWrong.has("description") ? undefined : descriptionOf(sheet);
  const random = new Random(seed);
  const { tracks, state } = sheet;
  const context: ApplyContext = { tracks, state, leftWrong, random, log, description: description?.editor };
  for (const [i, edit] of edits.entries()) applyEdit(edit, i + 1, sheet.hits[i] ?? NO_HITS, context);
  if (description !== undefined) describe(description, leftWrong);
  if (!leftWrong.has("names")) nameAll(sheet, edits.length, log);
  if (!leftWrong.has("lengths")) measurePackages(sheet, edits.length, log);
  const targets = tracks.map((track): Target => {
    refuseMoved(track);
    const rendered = renderTrack(track);
    return { track, rendered, source: new SpliceSource(rendered.spans), masks: new Map() };
  });
  for (const [i, edit] of edits.entries()) {
    if (edit.action === "corrupt") corrupt(edit, i + 1, sheet.hits[i] ?? NO_HITS, targets, random, log);
  }
  flipBits(targets);
  const report: EditReport = {
    format: EDIT_FORMAT,
    capture: capture.name,
    edits: edits.map(editText),
    seed,
    leftWrong: [...leftWrong],
    changes: log.changes,
    moreChanges: log.more,
    channels: targets.map(({ track, source }) => ({
      label: track.entry.label,
      before: track.source.size,
      after: isGone({ track, source }) ? null : source.size,
    })),
  };
  return assemble(capture, targets, report);
}

const NO_HITS = { slips: [], anchors: [], tracks: [] };

interface Description {
  readonly slip: Slip;
  readonly editor: DescriptionEditor;
  readonly text: string;
}

/** The VM description of the main channel. */
function descriptionOf({ tracks }: Sheet): Description | undefined {
  const slip = tracks.flatMap(({ slips }) => slips).find(({ record }) => record?.kind === "vm-description");
  const { payload } = slip?.record ?? {};
  if (slip === undefined || payload === undefined || payload.length > DESCRIPTION_LIMIT) return undefined;
  const text = decodeText(readBytes(slip.track.source, payload.offset, payload.length));
  const editor = DescriptionEditor.of(text);
  return editor === undefined ? undefined : { slip, editor, text };
}

function describe({ slip, editor, text }: Description, leftWrong: ReadonlySet<Repair>): void {
  // What an edit put there stays.
  if (editor.text === text || slip.own.has("data")) return;
  slip.data = encodeText(editor.text);
  repairRecord(slip, leftWrong);
}

function nameAll({ tracks }: Sheet, edit: number, log: ChangeLog): void {
  for (const { slips } of tracks) {
    for (const slip of nameBlocks(slips)) {
      const { block } = slip;
      log.add({ edit, action: "drop", ...placeOf(slip), repair: "names", field: "block", after: editValue(block) });
    }
  }
}

/** Packages say how long they are. */
function measurePackages({ tracks }: Sheet, edit: number, log: ChangeLog): void {
  for (const { slips } of tracks) {
    const packages = new Map<Slip, { before: number; after: number }>();
    for (const slip of slips) {
      if (slip.pack === undefined) continue;
      const lengths = packages.get(slip.pack) ?? { before: 0, after: 0 };
      lengths.before += slip.copy ? 0 : slip.length;
      lengths.after += lengthOf(slip);
      packages.set(slip.pack, lengths);
    }
    for (const [pack, { before, after }] of packages) {
      const { record } = pack;
      const { blobLength } = record as CommandRecord;
      if (record === undefined || blobLength === undefined || before === after || pack.own.has("blobLength")) continue;
      const fixed = blobLength + after - before;
      pack.record = withValue(record, "blobLength", fixed);
      log.add({
        edit,
        action: "set",
        ...placeOf(pack),
        repair: "lengths",
        field: "blobLength",
        before: blobLength,
        after: fixed,
      });
    }
  }
}

/** In a mapped-ram file pages are at places that are written elsewhere in it. */
function refuseMoved({ slips, entry, mappedEnd }: Track): void {
  let at = 0;
  for (const slip of slips) {
    if (slip.offset < mappedEnd && (slip.copy || slip.offset !== at)) throw movedError(entry.label);
    at += lengthOf(slip);
    if (slip.cut !== undefined) return;
  }
}

function movedError(label: string): EditError {
  return new EditError(
    "mapped-ram",
    `Cannot change the length of what is before the pages of ${label}: it is a mapped-ram file, which says where they are`,
    "edit what is behind the RAM, or keep lengths as they are",
  );
}

function isGone({ track, source }: Pick<Target, "track" | "source">): boolean {
  return track.gone || (source.size === 0 && track.source.size > 0 && track.slips.every(({ dropped }) => dropped));
}

/** The capture that the channels make. */
function assemble(capture: Capture, targets: readonly Target[], report: EditReport): EditedCapture {
  const channels: CaptureChannel[] = [];
  const streams: EditedStream[] = [];
  const byChannel = new Map(targets.map((target) => [target.track.entry.channel, target]));
  for (const channel of capture.channels) {
    const target = byChannel.get(channel);
    if (target === undefined) {
      channels.push(channel);
      continue;
    }
    const { index, direction } = channel;
    const gone = isGone(target);
    streams.push({ channel: index, direction, arrivals: gone ? [] : target.rendered.arrivals });
    if (!gone) channels.push(withSource(channel, target));
  }
  const left = new Set(channels.map(({ index }) => index));
  const gone = new Set(capture.channels.map(({ index }) => index).filter((index) => !left.has(index)));
  const { manifest, events } = capture;
  return {
    ...capture,
    channels,
    ...(events === undefined ? {} : { events: new EditedEvents(events, streams, gone) }),
    ...(manifest === undefined ? {} : { manifest: noted(manifest, report) }),
    findings: capture.findings,
    close: () => capture.close(),
    report,
  };
}

function withSource(channel: CaptureChannel, { source, track }: Target): CaptureChannel {
  const { container, pipe: _pipe, ...rest } = channel;
  if (container === undefined) return { ...rest, source };
  // What is before the stream in its file stays there: places in it count from the file's start.
  const before = { source: container.source, offset: 0, length: container.offset };
  const end = container.offset + track.source.size;
  const after = { source: container.source, offset: end, length: Math.max(0, container.source.size - end) };
  const whole = new SpliceSource([before, { source, offset: 0, length: source.size }, after]);
  return {
    ...rest,
    source: new OffsetSource(whole, container.offset, source.size),
    container: { ...container, source: whole },
  };
}

/** What `capture.json` says: how the recorded migration ended is not how this one would. */
function noted(manifest: CaptureManifest, { edits, seed }: EditReport): CaptureManifest {
  const { outcome: _outcome, devices: _devices, file, about, other, ...rest } = manifest;
  const { sha256: _sha256, ...stored } = file ?? {};
  const edited = "edited with migwire";
  return {
    ...rest,
    ...(file === undefined ? {} : { file: stored }),
    about: about === undefined ? edited : `${about}; ${edited}`,
    other: { ...other, edits, seed },
  };
}
