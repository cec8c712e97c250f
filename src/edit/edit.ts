import type { Selector } from "./selector.ts";

/** A field, and what it becomes. */
export interface FieldEdit {
  /** Which: QEMU's name of the wire's field, a path of a device's field, or `data`. */
  readonly field: string;
  /** What it becomes, as text; `data` and fields that are bytes take them as they are. */
  readonly value: string | Uint8Array;
}

/** Sets fields of records. */
export interface SetEdit {
  /** What it does. */
  readonly action: "set";
  /** Which records. */
  readonly select: Selector;
  /** What they become, one after the other. */
  readonly fields: readonly FieldEdit[];
}

/** Leaves records out: with the header of a section all of it, with all of a channel the connection. */
export interface DropEdit {
  /** What it does. */
  readonly action: "drop";
  /** Which records. */
  readonly select: Selector;
}

/** Sends records again, right behind themselves. */
export interface DuplicateEdit {
  /** What it does. */
  readonly action: "duplicate";
  /** Which records. */
  readonly select: Selector;
  /** How often in all; 2 if absent. */
  readonly times?: number;
}

/** Moves records. */
export interface ReorderEdit {
  /** What it does. */
  readonly action: "reorder";
  /** Which records. */
  readonly select: Selector;
  /** On which side of the others. */
  readonly place: "before" | "after";
  /** Where to: before the first, or after the last, of these. */
  readonly anchor: Selector;
}

/** Puts the buffers of devices in another order, each between the SYNCs that it was between. */
export interface ShuffleEdit {
  /** What it does. */
  readonly action: "shuffle";
  /** Which records. */
  readonly select: Selector;
}

/** Counts the buffers of devices anew, in the order of their numbers: no gap is left, no number comes twice. */
export interface RenumberEdit {
  /** What it does. */
  readonly action: "renumber";
  /** Which records. */
  readonly select: Selector;
}

/** Ends channels. */
export interface TruncateEdit {
  /** What it does. */
  readonly action: "truncate";
  /** Which records. */
  readonly select: Selector;
  /** With a channel alone: how many bytes of it stay; counted from its end if negative. */
  readonly at?: number;
  /** With records: how many bytes of the first of each channel stay. */
  readonly within?: number;
}

/** Flips bits, in what all else made. */
export interface CorruptEdit {
  /** What it does. */
  readonly action: "corrupt";
  /** Which records. */
  readonly select: Selector;
  /** How many; 1 if absent. */
  readonly bits?: number;
  /** Only in these bytes of each record, or of the channel if nothing but it is selected. */
  readonly bytes?: { readonly from: number; readonly to: number };
}

/** One change of a capture. Selectors look at the capture as it was read, whatever edits came before. */
export type Edit =
  | SetEdit
  | DropEdit
  | DuplicateEdit
  | ReorderEdit
  | ShuffleEdit
  | RenumberEdit
  | TruncateEdit
  | CorruptEdit;

/** What an edit does. */
export type EditAction = Edit["action"];

/** What is made right again after an edit, unless it is left wrong. */
export const REPAIRS = ["lengths", "counts", "footers", "names", "description"] as const;

/**
 * - `lengths`: of names, payloads and packages.
 * - `counts`: of capabilities, and the total of RAM blocks.
 * - `footers`: each names its section.
 * - `names`: a page that continued the block of one that is gone says the name itself.
 * - `description`: what the VM description says of sections and sizes.
 */
export type Repair = typeof REPAIRS[number];
