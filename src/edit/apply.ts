import type { Random } from "../bytes/mod.ts";
import type { BaseRecord, LongSectionRecord, MigrationState, MultifdDeviceStateRecord } from "../stream/mod.ts";
import type { Configuration } from "../wire/mod.ts";
import { encodeText } from "../bytes/mod.ts";
import type { DescriptionEditor, SectionKey } from "./description.ts";
import type { Edit, ReorderEdit, Repair, SetEdit, TruncateEdit } from "./edit.ts";
import { EditError } from "./edit_error.ts";
import { valueAt, withValue } from "./fields.ts";
import { isSectionHeader } from "./read_sheet.ts";
import type { Hits } from "./read_sheet.ts";
import { repairRecord } from "./repair.ts";
import { CHANGE_LIMIT, type EditChange, editValue } from "./report.ts";
import { selectorText } from "./selector.ts";
import { setField, settableValues } from "./set_field.ts";
import type { Slip, Track } from "./sheet.ts";

/** Fields that a hint lists. */
const FIELDS_SHOWN = 40;

/** Changes, as far as they are listed. */
export class ChangeLog {
  readonly changes: EditChange[] = [];
  /** Those that are not listed. */
  more = 0;

  /** Adds one. */
  add(change: EditChange): void {
    if (this.changes.length < CHANGE_LIMIT) this.changes.push(change);
    else this.more++;
  }
}

/** What edits are applied with. */
export interface ApplyContext {
  readonly tracks: readonly Track[];
  readonly state: MigrationState;
  readonly leftWrong: ReadonlySet<Repair>;
  readonly random: Random;
  readonly log: ChangeLog;
  /** The VM description, if there is one and it is to be made right. */
  readonly description: DescriptionEditor | undefined;
}

/** Where a change is, for its entry. */
export function placeOf(slip: Slip): Omit<EditChange, "edit" | "action"> {
  const { track, offset, length, record, section } = slip;
  const { idx } = record as Partial<MultifdDeviceStateRecord> ?? {};
  return {
    channel: track.entry.label,
    offset,
    length,
    ...(record === undefined ? {} : { kind: record.kind }),
    ...(section === undefined ? {} : { section: section.idstr }),
    ...(idx === undefined ? {} : { index: idx }),
  };
}

/**
 * Applies an edit to what it is for.
 *
 * @throws {EditError} `no-field`, `value`, `repair`
 */
export function applyEdit(edit: Edit, number: number, hits: Hits, context: ApplyContext): void {
  const editing = new Editing(edit, number, hits, context);
  editing.apply();
}

class Editing {
  readonly #edit: Edit;
  readonly #number: number;
  readonly #hits: Hits;
  readonly #context: ApplyContext;

  constructor(edit: Edit, number: number, hits: Hits, context: ApplyContext) {
    this.#edit = edit;
    this.#number = number;
    this.#hits = hits;
    this.#context = context;
  }

  apply(): void {
    const edit = this.#edit;
    switch (edit.action) {
      case "set":
        return this.#set(edit);
      case "drop":
        return this.#drop();
      case "duplicate":
        return this.#duplicate(edit.times ?? 2);
      case "reorder":
        return this.#reorder(edit);
      case "shuffle":
        return this.#shuffle();
      case "renumber":
        return this.#renumber();
      case "truncate":
        return this.#truncate(edit);
      case "corrupt":
        // Done last, in the bytes.
    }
  }

  #log(slip: Slip, what: Partial<EditChange> = {}): void {
    this.#context.log.add({ edit: this.#number, action: this.#edit.action, ...placeOf(slip), ...what });
  }

  #set({ fields, select }: SetEdit): void {
    for (const edit of fields) {
      let found = 0;
      for (const slip of this.#hits.slips) {
        const old = slip.record;
        const change = setField(slip, edit, this.#context.state);
        if (change === undefined) continue;
        found++;
        const { before, after, grown } = change;
        this.#log(slip, { field: edit.field, before: editValue(before), after: editValue(after) });
        this.#repair(slip, old, grown);
      }
      if (found === 0) throw this.#noField(edit.field, selectorText(select));
    }
  }

  /** Makes right what depends on a record that was set. */
  #repair(slip: Slip, old: BaseRecord | undefined, grown?: { by: number; names: readonly string[] }): void {
    const { leftWrong, description } = this.#context;
    for (const { repair, field, before, after } of repairRecord(slip, leftWrong)) {
      this.#log(slip, { repair, field, before: editValue(before), after: editValue(after) });
    }
    const { record, frame } = slip;
    const footer = frame?.header === slip ? frame.footer : undefined;
    if (footer?.record !== undefined && !leftWrong.has("footers") && !footer.own.has("sectionId")) {
      const [before, after] = [valueAt(old ?? {}, "sectionId"), valueAt(record ?? {}, "sectionId")];
      // A footer that named another section before does so still.
      if (before !== after && valueAt(footer.record, "sectionId") === before) {
        footer.record = withValue(footer.record, "sectionId", after);
        this.#log(footer, {
          repair: "footers",
          field: "sectionId",
          before: editValue(before),
          after: editValue(after),
        });
      }
    }
    if (description === undefined) return;
    const told = description.text;
    const key = keyOf(slip);
    if (record?.kind === "section-full" && key !== undefined) description.set(key, record as LongSectionRecord);
    if (grown !== undefined && key !== undefined) description.grow(key, grown.names, grown.by);
    if (record?.kind === "configuration") description.growMachine(machineLength(record) - machineLength(old));
    if (description.text !== told) this.#log(slip, { repair: "description" });
  }

  #noField(field: string, selected: string): EditError {
    const names = new Set<string>();
    for (const slip of this.#hits.slips.slice(0, 100)) {
      for (const name of settableValues(slip, this.#context.state).keys()) names.add(name);
    }
    const known = [...names];
    const listed = `they have ${known.slice(0, FIELDS_SHOWN).join(", ")}${known.length > FIELDS_SHOWN ? ", …" : ""}`;
    const hint = known.length === 0 ? "nothing of these records can be set" : listed;
    const message = `Cannot set ${field}: no record for ${selected} has such a field`;
    return new EditError("no-field", message, hint, { misnomer: { typed: field, known } });
  }

  #drop(): void {
    for (const track of this.#hits.tracks) {
      track.gone = true;
      const whole = { channel: track.entry.label, offset: 0, length: track.source.size };
      this.#context.log.add({ edit: this.#number, action: "drop", ...whole });
    }
    const units = this.#units();
    const dropped = new Set(units.flat());
    for (const slip of dropped) {
      if (slip.record?.kind === "section-footer") this.#checkFooter(slip, dropped);
      slip.dropped = true;
    }
    for (const unit of units) {
      for (const slip of unit) if (slip.record !== undefined) this.#log(slip);
      const key = keyOf(unit[0]);
      if (unit[0]?.record?.kind === "section-full" && key !== undefined) this.#describe(unit[0], (d) => d.drop(key));
    }
  }

  #checkFooter(slip: Slip, dropped: ReadonlySet<Slip>): void {
    const header = slip.frame?.header;
    if (this.#context.leftWrong.has("footers") || (header !== undefined && dropped.has(header))) return;
    throw new EditError(
      "repair",
      `Cannot drop the footer at ${slip.offset} of ${slip.track.entry.label}: its section would have none`,
      "drop the header, and all of the section goes; or leave it wrong: --leave-wrong footers",
    );
  }

  #describe(slip: Slip, change: (description: DescriptionEditor) => void): void {
    const { description } = this.#context;
    if (description === undefined) return;
    const told = description.text;
    change(description);
    if (description.text !== told) this.#log(slip, { repair: "description" });
  }

  #duplicate(times: number): void {
    const copies = new Map<Slip, Slip[]>();
    for (const unit of this.#units()) {
      const last = unit.at(-1);
      if (last === undefined) continue;
      const made: Slip[] = [];
      for (let i = 1; i < times; i++) made.push(...copyUnit(unit));
      copies.set(last, made);
      for (const slip of unit) if (slip.record !== undefined) this.#log(slip, { note: `${times} times` });
      const key = keyOf(unit[0]);
      if (unit[0]?.record?.kind !== "section-full" || key === undefined) continue;
      this.#describe(unit[0], (d) => {
        for (let i = 1; i < times; i++) d.copy(key);
      });
    }
    for (const track of this.#context.tracks) {
      if (![...copies.keys()].some((slip) => slip.track === track)) continue;
      track.slips = track.slips.flatMap((slip) => [slip, ...copies.get(slip) ?? []]);
    }
  }

  #reorder({ place }: ReorderEdit): void {
    const moved = this.#units();
    const gone = new Set(moved.flat());
    const anchors = unitsOf(this.#hits.anchors).filter((unit) => !unit.some((slip) => gone.has(slip)));
    const anchor = place === "before" ? anchors[0] : anchors.at(-1);
    const to = place === "before" ? anchor?.[0] : anchor?.at(-1);
    if (anchor === undefined || to === undefined) {
      throw new EditError("no-record", `Cannot move records ${place} themselves`, "name others to move them to");
    }
    for (const track of this.#context.tracks) track.slips = track.slips.filter((slip) => !gone.has(slip));
    const target = this.#context.tracks.find(({ slips }) => slips.includes(to));
    if (target === undefined) throw new EditError("no-record", "Cannot move records to one that is gone");
    const at = target.slips.indexOf(to) + (place === "before" ? 0 : 1);
    target.slips = [...target.slips.slice(0, at), ...moved.flat(), ...target.slips.slice(at)];
    const { from, to: end } = arrivalOf(to);
    const arrival = place === "before" ? { from, to: from } : { from: end, to: end };
    const first = anchor[0] ?? to;
    const where = `${place} the ${first.record?.kind ?? "bytes"} at 0x${
      first.offset.toString(16)
    } of ${target.entry.label}`;
    const anchorKey = keyOf(anchor[0]);
    for (const unit of moved) {
      for (const slip of unit) slip.arrival = arrival;
      for (const slip of unit) if (slip.record !== undefined) this.#log(slip, { note: where });
    }
    for (const unit of place === "before" ? moved : moved.toReversed()) {
      const key = keyOf(unit[0]);
      const full = unit[0]?.record?.kind === "section-full" && anchor[0]?.record?.kind === "section-full";
      if (full && key !== undefined && anchorKey !== undefined && unit[0] !== undefined) {
        this.#describe(unit[0], (d) => d.move(key, place, anchorKey));
      }
    }
  }

  /** Each buffer goes where another one was, of those between the same SYNCs. */
  #shuffle(): void {
    const slips = this.#hits.slips.filter(({ record }) => record?.kind === "multifd-device-state");
    if (slips.length === 0) throw this.#noBuffers("shuffle");
    const groups = Map.groupBy(slips, (slip) => slip.round ?? 0);
    const taken = new Map<Slip, Slip>();
    for (const group of groups.values()) {
      const shuffled = this.#context.random.shuffled(group);
      for (const [i, slip] of group.entries()) taken.set(slip, shuffled[i] ?? slip);
    }
    // Where each place arrives, before any of them is changed.
    const arrivals = new Map(slips.map((slip) => [slip, arrivalOf(slip)]));
    for (const track of this.#context.tracks) track.slips = track.slips.map((slip) => taken.get(slip) ?? slip);
    for (const [place, slip] of taken) {
      if (place === slip) continue;
      const arrival = arrivals.get(place);
      if (arrival !== undefined) slip.arrival = arrival;
      this.#log(slip, { note: `to 0x${place.offset.toString(16)} of ${place.track.entry.label}` });
    }
  }

  #renumber(): void {
    const slips = this.#hits.slips.filter(({ record }) => valueAt(record ?? {}, "idx") !== undefined);
    if (slips.length === 0) throw this.#noBuffers("renumber");
    const devices = Map.groupBy(slips, ({ section }) => `${section?.instanceId} ${section?.idstr}`);
    for (const own of devices.values()) {
      const kept = own.filter(({ dropped }) => !dropped);
      const number = (slip: Slip): number => Number(valueAt(slip.record ?? {}, "idx"));
      for (const [after, slip] of kept.toSorted((a, b) => number(a) - number(b)).entries()) {
        const before = number(slip);
        if (slip.record === undefined || before === after) continue;
        this.#log(slip, { field: "idx", before, after });
        slip.record = withValue(slip.record, "idx", after);
        slip.own.add("idx");
      }
    }
  }

  #noBuffers(verb: string): EditError {
    const selected = selectorText(this.#edit.select);
    return new EditError(
      "no-record",
      `Cannot ${verb} ${selected}: there is no buffer of a device on a multifd channel`,
    );
  }

  #truncate({ at, within = 0 }: TruncateEdit): void {
    for (const track of this.#hits.tracks) {
      const { size } = track.source;
      const end = at === undefined ? 0 : at < 0 ? size + at : at;
      if (end < 0 || end > size) {
        throw new EditError("value", `Cannot truncate ${track.entry.label} at ${at}: it has ${size} bytes`);
      }
      cutTrack(track, end);
      this.#context.log.add({
        edit: this.#number,
        action: "truncate",
        channel: track.entry.label,
        offset: end,
        length: size - end,
      });
    }
    const first = new Map<Track, Slip>();
    for (const slip of this.#hits.slips) if (!first.has(slip.track)) first.set(slip.track, slip);
    for (const slip of first.values()) {
      if (within > slip.length) {
        throw new EditError(
          "value",
          `Cannot truncate within ${within}: the ${slip.record?.kind} at ${slip.offset} has ${slip.length} bytes`,
        );
      }
      slip.cut = within;
      this.#log(slip, { note: `${within} bytes of it stay` });
    }
  }

  #units(): Slip[][] {
    return unitsOf(this.#hits.slips);
  }
}

/** Cuts a channel at a place of what was read. */
function cutTrack(track: Track, end: number): void {
  const own = track.slips.filter((slip) => !slip.copy && slip.track === track);
  // What was moved away cannot be cut: then it is before what came next.
  const at = own.find(({ offset, length }) => offset + length > end);
  if (at !== undefined) at.cut = Math.max(0, end - at.offset);
}

/** What goes together: a section whose header is asked for, or a record. */
function unitsOf(slips: readonly Slip[]): Slip[][] {
  const taken = new Set<Slip>();
  const units: Slip[][] = [];
  for (const slip of slips) {
    if (taken.has(slip)) continue;
    const { frame } = slip;
    const unit = isSectionHeader(slip.record) && frame?.header === slip ? frame.slips : [slip];
    for (const one of unit) taken.add(one);
    units.push(unit);
  }
  return units;
}

function copyUnit(unit: readonly Slip[]): Slip[] {
  const copies = unit.map((slip): Slip => {
    const { to } = arrivalOf(unit.at(-1) ?? slip);
    const { frame: _frame, ...rest } = slip;
    return { ...rest, own: new Set(slip.own), arrival: { from: to, to }, copy: true };
  });
  return copies;
}

/** The bytes of its channel that a slip arrives with. */
export function arrivalOf(slip: Slip): { readonly from: number; readonly to: number } {
  return slip.arrival ?? { from: slip.offset, to: slip.offset + slip.length };
}

function machineLength(record: BaseRecord | undefined): number {
  return record === undefined ? 0 : encodeText((record as BaseRecord & Configuration).machine).length;
}

/** Which FULL section a slip is of. */
function keyOf(slip: Slip | undefined): SectionKey | undefined {
  if (slip?.section === undefined) return undefined;
  const { idstr, instanceId } = slip.section;
  const { ordinal = slip.ordinal } = slip.original as { ordinal?: number };
  return { idstr, instanceId, ordinal: ordinal ?? 0 };
}
