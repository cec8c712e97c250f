import type { RecordKind, RecordOf } from "./any_record.ts";

/** How a value of a summary reads best. */
export type FieldForm =
  /** As it is: QEMU's name of a flag. */
  | "word"
  /** In quotes: a name that the stream gave. */
  | "text"
  /** Decimal. */
  | "number"
  /** An offset, or bits. */
  | "hex"
  /** A number of bytes. */
  | "bytes"
  /** A number of what the name says: 37 pages. */
  | "count"
  /** In parentheses: what explains the values before it. */
  | "aside";

/** A value of a record that matters, in the order in which it is read. */
export interface SummaryField {
  /** What it is called; absent where the value speaks for itself. */
  readonly name?: string;
  /** The value. */
  readonly value: string | number | bigint;
  /** How it reads best. */
  readonly as: FieldForm;
}

/** For each kind the values that matter. */
export type Summaries<K extends RecordKind> = { readonly [P in K]: (record: RecordOf<P>) => SummaryField[] };

/** A word that speaks for itself. */
export function word(value: string): SummaryField {
  return { value, as: "word" };
}

/** A word that explains what stands before it. */
export function aside(value: string): SummaryField {
  return { value, as: "aside" };
}

/** A name from the stream. */
export function text(name: string, value: string): SummaryField {
  return { name, value, as: "text" };
}

/** A decimal number. */
export function number(name: string, value: number | bigint): SummaryField {
  return { name, value, as: "number" };
}

/** An offset, or bits. */
export function bits(name: string, value: number | bigint): SummaryField {
  return { name, value, as: "hex" };
}

/** A number of bytes. */
export function size(name: string, value: number | bigint): SummaryField {
  return { name, value, as: "bytes" };
}

/** A number of things, which `name` calls in the plural. */
export function count(name: string, value: number | bigint): SummaryField {
  return { name, value, as: "count" };
}

/** What `fields` gives for a value that may be absent. */
export function given<T>(value: T | undefined, fields: (value: T) => SummaryField[]): SummaryField[] {
  return value === undefined ? [] : fields(value);
}

/** The first fields of a list that may be long, and how many were left out. */
export function shortened(fields: readonly SummaryField[], most: number): SummaryField[] {
  if (fields.length <= most) return [...fields];
  return [...fields.slice(0, most), aside(`and ${fields.length - most} more`)];
}
