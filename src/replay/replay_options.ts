import type { SocketAddress } from "../net/mod.ts";
import type { EmitLimits, EmitNotice, EmitPhase, EmitResult, EmitTap, Pace, StreamNeeds } from "../emit/mod.ts";
import type { Mismatch, TargetFacts, TargetOptions, TargetOutcome, TargetSettings } from "../emit/target/mod.ts";
import type { ReplayChanges } from "./plan_replay.ts";

/** Where a capture is sent. */
export type ReplayTarget =
  /**
   * A destination that listens, and its monitor if it can be asked; `listen` is the address that it is told to listen at, if
   * it sees `to` as another one.
   */
  | {
    readonly kind: "address";
    readonly to: SocketAddress;
    readonly qmp?: SocketAddress;
    readonly listen?: SocketAddress;
  }
  /** A QEMU that is started for it. */
  | { readonly kind: "spawn"; readonly argv: readonly string[]; readonly recorded: boolean; readonly binary?: string }
  /** Nobody: to see, or to record, what would be sent; `name` is what is there instead, for people. */
  | { readonly kind: "nowhere"; readonly name?: string };

/** How a capture is replayed. */
export interface ReplayOptions {
  /** Where it is sent. */
  readonly target: ReplayTarget;
  /** How what is sent differs from what was recorded. */
  readonly changes?: ReplayChanges;
  /** Writes the UUID that the target has into the stream, by its monitor. */
  readonly targetUuid?: boolean;
  /** Settings of the target that the user wants. */
  readonly settings?: TargetOptions;
  /** Looks at the target, and says what does not fit: nothing is set and nothing sent. */
  readonly examineOnly?: boolean;
  /**
   * Lets the guest run when the migration is completed. Some devices take their state only then; a target that does not run
   * has failed.
   */
  readonly cont?: boolean;
  /** When bytes may go out; as fast as can be if absent. */
  readonly pace?: Pace;
  /** Asked before a phase begins. */
  readonly gate?: (phase: EmitPhase, name: string) => Promise<void>;
  /** How long things are waited for. */
  readonly limits?: Partial<EmitLimits>;
  /** Ends it: no connection and no process is left. */
  readonly signal?: AbortSignal;
  /** Makes what sees all bytes. Called when it is known what is sent, and before the target is touched. */
  readonly tap?: () => EmitTap;
  /** Is told what happens. */
  readonly notice?: (notice: ReplayNotice) => void;
}

/** What is known before anything is sent. */
export interface ReplayPrelude {
  /** What is sent to. */
  readonly target: string;
  /** What the stream asks for. */
  readonly needs: StreamNeeds;
  /** What was other than in the command of the QEMU that was started; undefined if none was. */
  readonly spawned?: readonly string[];
  /** The target; undefined if it could not be asked. */
  readonly facts?: TargetFacts;
  /** What it is set to. */
  readonly settings?: TargetSettings;
  /** What does not fit. */
  readonly mismatches: readonly Mismatch[];
  /** What was noticed about the capture, for people. */
  readonly notes: readonly string[];
}

/** Something that happened. */
export type ReplayNotice =
  /** The target is there, and was looked at if it could be. */
  | { readonly kind: "prelude"; readonly prelude: ReplayPrelude }
  /** The target has another status. */
  | { readonly kind: "status"; readonly status: string }
  /** Sending begins; how far it has come can be asked for at any time. */
  | { readonly kind: "sending"; readonly planned: number; readonly sent: () => number }
  | EmitNotice;

/** What became of a replay. */
export type ReplayVerdictKind =
  /** The target says that it has loaded everything. */
  | "completed"
  /** The target says that it has not, or has ended. */
  | "failed"
  /** Nothing was sent, and that is no fault of capture or target: nobody listens, or Deno has no permission. */
  | "not-sent"
  /** Nobody who could be asked says that it has loaded everything. */
  | "unconfirmed"
  /** It was not sent to its end, or the target has not ended, and says nothing of it. */
  | "hangs"
  /** What would have been sent is there. */
  | "written"
  /** The target was only looked at: everything fits. */
  | "fits"
  /** The target was only looked at: something does not fit. */
  | "does-not-fit"
  /** The user ended it. */
  | "interrupted";

/** The verdict, and who says so. */
export interface ReplayVerdict {
  /** What became of it. */
  readonly kind: ReplayVerdictKind;
  /** Who says so, for people: `query-migrate`, `SHUT`. */
  readonly by: string;
  /** Why, for people; the target's own words where there are some. */
  readonly reason: string;
}

/** All that is known of a replay. */
export interface ReplayResult extends ReplayPrelude {
  /** What became of sending; undefined if nothing was sent. */
  readonly emission?: EmitResult;
  /** How the migration ended at the target; undefined if it could not be asked. */
  readonly outcome?: TargetOutcome;
  /** What the QEMU that was started printed. */
  readonly stderr?: string;
  /** What became of it all. */
  readonly verdict: ReplayVerdict;
}
