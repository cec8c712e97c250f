/**
 * The result of `check`: values only, the same in the program and in `--json`. Lengths and offsets are bytes.
 *
 * @module
 */

import type { CaptureOutcome } from "../../capture/values.ts";
import type { Finding } from "../../wire/mod.ts";
import type { Expectations } from "../../capture/values.ts";

/** Version of the shape; fields may be added within a version. */
export const CHECK_FORMAT = "migwire-check/1";

/** What is wrong with a capture. */
export interface CheckReport {
  /** {@linkcode CHECK_FORMAT}. */
  readonly format: typeof CHECK_FORMAT;
  /** Where it is from. */
  readonly capture: CheckedCapture;
  /** The migration is there from the first byte to the last: EOF was reached, and no channel is cut or unread. */
  readonly complete: boolean;
  /** There is no error; with `strict`, no warning either. */
  readonly ok: boolean;
  /** Warnings count as errors. */
  readonly strict: boolean;
  /** What the destination is taken to expect, and who says so. */
  readonly expectations: Expectations;
  /** What is wrong: errors before warnings, causes before what follows from them. The list may end early; see `found`. */
  readonly problems: readonly CheckProblem[];
  /** How many there are, also of those that `problems` has no room for. */
  readonly found: { readonly errors: number; readonly warnings: number };
  /** Every channel. */
  readonly channels: readonly CheckedChannel[];
}

/** What was checked. */
export interface CheckedCapture {
  /** Its name. */
  readonly name: string;
  /** Directory, file or standard input. */
  readonly kind: "directory" | "file" | "stdin" | "packets";
  /** How the migration ended, as its recorder says. */
  readonly outcome?: CaptureOutcome;
}

/** A problem, and what to do about it. */
export interface CheckProblem extends Finding {
  /** What to do about it. */
  readonly hint?: string;
}

/** How much of a channel was judged. */
export interface CheckedChannel {
  /** What problems call it. */
  readonly label: string;
  /** What it is. */
  readonly role: string;
  /** Number of its connection. */
  readonly connection: number;
  /** Who sent it: `s2d` the source, `d2s` the destination. */
  readonly direction: string;
  /** Length. */
  readonly bytes: number;
  /** Bytes of records that are whole and known. */
  readonly understood: number;
  /** Bytes of devices' state, among the understood, whose fields nothing describes. */
  readonly undescribed: number;
  /** Bytes that nothing describes, or that are encrypted. */
  readonly opaque: number;
  /** Bytes of a record that the end of the channel cut off. */
  readonly cut: number;
  /** Written again from its records it is the same; null if it could not be read twice to compare. */
  readonly rewritten: boolean | null;
}
