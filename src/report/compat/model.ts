/**
 * The result of `compat`: values only, the same in the program and in `--json`. Lengths and offsets are bytes.
 *
 * @module
 */

import type { Finding, Severity } from "../../wire/mod.ts";

/** Version of the shapes; fields may be added within a version. */
export const COMPAT_FORMAT = "migwire-compat/1";

/** The other QEMU, as far as it is known. */
export interface CompatTarget {
  /** Machine type that it is started with; null if nothing tells. */
  readonly machine: string | null;
  /** It has a machine type of the stream's name; null if it was not asked. */
  readonly knowsMachine: boolean | null;
  /** Its version; null if nothing tells. */
  readonly version: string | null;
  /** Who tells the version: QEMU itself, the user, or the machine type of the dump, which an older one cannot have. */
  readonly versionFrom: "qemu" | "user" | "machine" | null;
  /** Device types in its dump. */
  readonly types: number;
}

/** What was found of a section. */
export type SectionVerdict =
  /** It would be read. */
  | "loads"
  /** It would not. */
  | "fails"
  /** Nothing speaks against it, but it cannot be compared: a dump does not have it, or the stream does not describe it. */
  | "unknown";

/** How much of a section was compared. */
export interface CompatSection {
  /** Name. */
  readonly idstr: string;
  /** Instance. */
  readonly instanceId: number;
  /** Version in the stream. */
  readonly versionId: number;
  /** Byte of the main channel where its first header is. */
  readonly channel: string;
  /** Where its first header is. */
  readonly offset: number;
  /** Name of the layout, as the stream or the section's name says. */
  readonly vmsd: string;
  /** Device type of the other QEMU that it was compared with; null if none. */
  readonly type: string | null;
  /** Versions that the other QEMU reads; null if not known. */
  readonly reads: { readonly minimum: number; readonly maximum: number } | null;
  /** Fields that were compared, elements of arrays counted once; null if the stream does not describe them. */
  readonly fields: number | null;
  /** What came of it. */
  readonly verdict: SectionVerdict;
}

/** What speaks against it, where, and what to do. */
export interface CompatProblem extends Finding {
  /** Name of the section that it is about. */
  readonly section?: string;
  /** Its instance. */
  readonly instanceId?: number;
  /** What to do about it. */
  readonly hint?: string;
}

/** Whether a capture would load in another QEMU. */
export interface CompatReport {
  /** {@linkcode COMPAT_FORMAT}. */
  readonly format: typeof COMPAT_FORMAT;
  /** What was asked: a capture or another dump. */
  readonly about: "capture";
  /** Where the capture is from. */
  readonly capture: { readonly name: string; readonly kind: string };
  /** The source, as far as the capture tells. */
  readonly source: { readonly machine: string | null; readonly version: string | null };
  /** The other QEMU. */
  readonly target: CompatTarget;
  /** It would load: no problem is an error. */
  readonly ok: boolean;
  /** The stream reaches its end. */
  readonly complete: boolean;
  /** The stream describes its devices' fields. */
  readonly described: boolean;
  /** What speaks against it, in the order of the stream. The list may end early; see `found`. */
  readonly problems: readonly CompatProblem[];
  /** How many there are. */
  readonly found: { readonly errors: number; readonly warnings: number };
  /** Every section. */
  readonly sections: readonly CompatSection[];
}

/** What is not the same in two dumps. */
export interface DumpProblem {
  /** An error keeps a state of the one from being loaded by the other. */
  readonly severity: Severity;
  /** What it is, for programs. */
  readonly code:
    | "machine"
    | "type-missing"
    | "vmsd-name"
    | "entry-missing"
    | "version-new"
    | "version-old"
    | "field-different"
    | "field-missing"
    | "field-resized"
    | "field-undescribed"
    | "unused-mismatch"
    | "subsection-unknown";
  /** Device type; empty for the dump as a whole. */
  readonly type: string;
  /** Name of the layout; absent for what is about the type. */
  readonly vmsd?: string;
  /** Field or entry. */
  readonly field?: string;
  /** What is wrong, for people. */
  readonly message: string;
}

/** Whether states that one QEMU writes would be read by another, as their dumps tell. */
export interface CompatDumpsReport {
  /** {@linkcode COMPAT_FORMAT}. */
  readonly format: typeof COMPAT_FORMAT;
  /** What was asked: a capture or another dump. */
  readonly about: "dumps";
  /** The dump of the QEMU that writes. */
  readonly source: { readonly machine: string | null; readonly types: number };
  /** The QEMU that reads. */
  readonly target: CompatTarget;
  /** No problem is an error. */
  readonly ok: boolean;
  /** What is not the same, in the order of the source's dump. */
  readonly problems: readonly DumpProblem[];
  /** How many there are. */
  readonly found: { readonly errors: number; readonly warnings: number };
}
