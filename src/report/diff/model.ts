/**
 * The result of `diff`: values only, the same in the program and in `--json`. Integers up to 2^53 - 1 are numbers, larger
 * ones strings of the form `"0x…"`.
 *
 * @module
 */

import type { PathStep } from "./path.ts";

/** Version of the shape; fields may be added within a version. */
export const DIFF_FORMAT = "migwire-diff/1";

/** One of the two captures. */
export type DiffSideName = "a" | "b";

/** What differs between two captures. */
export interface DiffReport {
  /** {@linkcode DIFF_FORMAT}. */
  readonly format: typeof DIFF_FORMAT;
  /** The first capture. */
  readonly a: DiffSide;
  /** The second. */
  readonly b: DiffSide;
  /** Nothing differs of what was asked for and could be compared. */
  readonly same: boolean;
  /** What was compared beside the state itself. */
  readonly compared: DiffScope;
  /** How many differences there are, also those that the list has no room for. */
  readonly found: DiffCounts;
  /** The differences, at most 100,000. */
  readonly differences: readonly Difference[];
  /** What could not be read of the captures. */
  readonly unread: readonly DiffUnread[];
  /** What only one capture has, where the other could not be read far enough to have it; at most 10,000. */
  readonly notCompared: readonly NotCompared[];
}

/** A capture that was compared. */
export interface DiffSide {
  /** Its name. */
  readonly name: string;
  /** Where it is from. */
  readonly kind: string;
  /** The migration is there from the first byte to the last. */
  readonly complete: boolean;
  /** Version of the source, as the recorder says. */
  readonly qemu?: string;
  /** Machine type; null if the stream does not say it. */
  readonly machine: string | null;
}

/** What was asked for. */
export interface DiffScope {
  /** Contents of RAM. */
  readonly ram: boolean;
  /** How it travelled: numbers of records, order, times. */
  readonly traffic: boolean;
  /** Patterns of paths that count; all do if there is none. */
  readonly only: readonly string[];
  /** Patterns of paths that do not count. */
  readonly ignore: readonly string[];
}

/** Numbers of differences by their kind. */
export interface DiffCounts {
  /** Only in B. */
  readonly added: number;
  /** Only in A. */
  readonly removed: number;
  /** In both, not the same. */
  readonly changed: number;
  /** Left out by the patterns, of any kind. */
  readonly leftOut: number;
}

/** A difference. */
export interface Difference {
  /** Where in the tree, step by step. */
  readonly path: readonly PathStep[];
  /** The path as text: `devices.i8259[1].irr`. */
  readonly name: string;
  /** `added` only B has it, `removed` only A has it. */
  readonly kind: "added" | "removed" | "changed";
  /** What A has. */
  readonly a?: DiffValue;
  /** What B has. */
  readonly b?: DiffValue;
  /** What A's and B's values mean, for people. */
  readonly meaning?: { readonly a?: string; readonly b?: string };
  /** QEMU's name of the encoding, where it is a field of a device. */
  readonly type?: { readonly a?: string; readonly b?: string };
  /** Bytes that the field takes, where they are not the same. */
  readonly size?: { readonly a: number; readonly b: number };
  /** Bytes that differ, of values that are bytes; at most 1000 ranges. */
  readonly ranges?: readonly RangeDifference[];
  /** Ranges beside those. */
  readonly moreRanges?: number;
  /** Where it stands on each side. */
  readonly where: { readonly a?: DiffPlace; readonly b?: DiffPlace };
}

/** A place in a channel. */
export interface DiffPlace {
  /** The channel's label. */
  readonly channel: string;
  /** Offset in it. */
  readonly offset: number;
}

/** What a side has: a number, a text, bytes, or a group of fields. */
export type DiffValue = string | number | boolean | null | BytesValue | GroupValue;

/** Bytes in short. */
export interface BytesValue {
  /** How many. */
  readonly bytes: number;
  /** Their SHA-256, hexadecimal. */
  readonly sha256: string;
}

/** A group of fields, or an array, in short. */
export interface GroupValue {
  /** Fields in it. */
  readonly fields: number;
}

/** A stretch of bytes that differ. */
export interface RangeDifference {
  /** First byte, counted from the start of the value. */
  readonly offset: number;
  /** Number of bytes. */
  readonly length: number;
  /** A's bytes, the first 32, hexadecimal; absent for RAM. Shorter where A ends. */
  readonly a?: string;
  /** B's bytes. */
  readonly b?: string;
}

/** A part of a capture that could not be read. */
export interface DiffUnread {
  /** Which capture. */
  readonly side: DiffSideName;
  /** The channel's label, or the section. */
  readonly what: string;
  /** Byte of the channel where it ends, or where what is not understood begins. */
  readonly offset: number;
  /** Why. */
  readonly reason: string;
}

/** What only one capture has, since the other was not read so far. */
export interface NotCompared {
  /** Where in the tree. */
  readonly name: string;
  /** The side that could not be read so far. */
  readonly missing: DiffSideName;
}
