import type { EditAction, Repair } from "./edit.ts";

/** Format of {@linkcode EditReport}. */
export const EDIT_FORMAT = "migwire-edit/1";

/** A value before or after: as JSON has it; large numbers and bytes as text, bytes in hexadecimal. */
export type EditValue = string | number | boolean | null;

/** One thing that is not as it was. */
export interface EditChange {
  /** Which of the edits did it, 1 the first. */
  readonly edit: number;
  /** What that edit does. */
  readonly action: EditAction;
  /** It was made right after the edit: what. */
  readonly repair?: Repair;
  /** Label of the channel. */
  readonly channel: string;
  /** Where in the channel as it was read, bytes. */
  readonly offset: number;
  /** Bytes there, as they were read; 0 for bits. */
  readonly length: number;
  /** Kind of the record; absent for stretches and whole channels. */
  readonly kind?: string;
  /** Section that it belongs to. */
  readonly section?: string;
  /** Number of the VFIO buffer. */
  readonly index?: number;
  /** Field that was changed. */
  readonly field?: string;
  /** What it was. */
  readonly before?: EditValue;
  /** What it is. */
  readonly after?: EditValue;
  /** What happened beside that, for people: where it was moved to. */
  readonly note?: string;
}

/** A channel, before and after. */
export interface EditedChannel {
  /** Label. */
  readonly label: string;
  /** Bytes of it as it was read. */
  readonly before: number;
  /** Bytes of it now; null if the channel is left out. */
  readonly after: number | null;
}

/** What edits did. */
export interface EditReport {
  /** {@linkcode EDIT_FORMAT}. */
  readonly format: typeof EDIT_FORMAT;
  /** Name of the capture that was edited. */
  readonly capture: string;
  /** The edits, as they were written. */
  readonly edits: readonly string[];
  /** What random choices came from. */
  readonly seed: number;
  /** What was not made right again. */
  readonly leftWrong: readonly Repair[];
  /** What is not as it was, edit by edit; at most {@linkcode CHANGE_LIMIT}. */
  readonly changes: readonly EditChange[];
  /** Changes that are not listed. */
  readonly moreChanges: number;
  /** All channels. */
  readonly channels: readonly EditedChannel[];
}

/** Changes that are listed. */
export const CHANGE_LIMIT = 100_000;

/** A value as a report has it. */
export function editValue(value: unknown): EditValue {
  if (value === undefined || value === null) return null;
  if (value instanceof Uint8Array) {
    return value.length > 64 ? `${value.subarray(0, 64).toHex()}… (${value.length} bytes)` : value.toHex();
  }
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}
