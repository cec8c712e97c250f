/**
 * The result of `replay`: values only, the same in the program and in `--json`. Lengths are bytes, times milliseconds.
 *
 * @module
 */

import type { EmitAnswers, EmittedConnection } from "../../emit/mod.ts";
import type { LeftOut, Mismatch, TargetOutcome, TargetSetting } from "../../emit/target/mod.ts";
import type { ReplayVerdict } from "../../replay/mod.ts";

/** Version of the shape; fields may be added within a version. */
export const REPLAY_FORMAT = "migwire-replay/1";

/** What became of a capture at a target. */
export interface ReplayReport {
  /** {@linkcode REPLAY_FORMAT}. */
  readonly format: typeof REPLAY_FORMAT;
  /** Where it is from. */
  readonly capture: { readonly name: string; readonly kind: string };
  /** As asked: the target says completed; or what would be sent is written; or, only looked at, everything fits. */
  readonly ok: boolean;
  /** What became of it, who says so, and why. */
  readonly verdict: ReplayVerdict;
  /** What was sent to. */
  readonly target: ReplayTargetReport;
  /** Capabilities and parameters of the target that somebody wants, and who. */
  readonly settings: readonly TargetSetting[];
  /** What the recorded destination had, and the target does not get. */
  readonly leftOut: readonly LeftOut[];
  /** What does not fit, known before anything was sent. */
  readonly mismatches: readonly Mismatch[];
  /** What was noticed, for people. */
  readonly notes: readonly string[];
  /** What was sent; null if nothing was. */
  readonly sent: SentReport | null;
  /** How it ended at the target, by its monitor; null if it was not asked. */
  readonly outcome: TargetOutcome | null;
  /** The end of what the QEMU that was started printed; null if none was started. */
  readonly stderr: string | null;
}

/** The target. */
export interface ReplayTargetReport {
  /** Its address. */
  readonly address: string;
  /** It was started for this. */
  readonly spawned: boolean;
  /** Version of QEMU; null if it was not asked. */
  readonly qemu: string | null;
  /** The package that it is from; null if it was not asked, or does not say. */
  readonly package: string | null;
  /** Machine type; null if it was not asked. */
  readonly machine: string | null;
}

/** What was sent. */
export interface SentReport {
  /** All of it. */
  readonly all: boolean;
  /** Bytes that were handed to the system. */
  readonly bytes: number;
  /** Bytes that were to be sent. */
  readonly planned: number;
  /** From the first byte to the last. */
  readonly milliseconds: number;
  /** The connections, in the order of opening. */
  readonly connections: readonly EmittedConnection[];
  /** What came back. */
  readonly answers: EmitAnswers;
  /** PINGs that were sent. */
  readonly pings: number;
  /** Why it ended early; null if it did not. */
  readonly error: { readonly code: string; readonly message: string; readonly hint: string } | null;
}
