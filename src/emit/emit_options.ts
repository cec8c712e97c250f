import type { Clock } from "../qmp/mod.ts";
import type { EmitAnswers } from "./answers.ts";
import type { EmitError } from "./emit_error.ts";
import type { Pace } from "./pace.ts";
import type { EmitPhase } from "./stretch.ts";

/** How long things are waited for, milliseconds. */
export interface EmitLimits {
  /** For a connection. */
  readonly connectMs: number;
  /** For anything to go on: a byte that is taken, a message that comes. */
  readonly stallMs: number;
  /** For the target to be done, when all is sent. */
  readonly verdictMs: number;
  /** For the last words of a target that has broken off. */
  readonly lastWordsMs: number;
}

/** What a local target needs by far the less of. */
export const EMIT_LIMITS: EmitLimits = { connectMs: 10_000, stallMs: 60_000, verdictMs: 60_000, lastWordsMs: 2_000 };

/** Sees all bytes as they go by; a recorder of captures is one. Connections are numbered in the order of opening. */
export interface EmitTap {
  /** A connection was opened; gives its number. */
  open(): number;
  /** Bytes were sent (`s2d`), or came (`d2s`). */
  received(connection: number, direction: "s2d" | "d2s", bytes: Uint8Array): void;
  /** A direction has ended, or was broken off for the reason `error`. */
  ended(connection: number, direction: "s2d" | "d2s", error?: string): void;
}

/** Something that happened. */
export type EmitNotice =
  /** A connection was opened. */
  | { readonly kind: "opened"; readonly label: string }
  /** A phase of the main channel begins. */
  | { readonly kind: "phase"; readonly phase: EmitPhase; readonly name: string }
  /** All is sent; the target's verdict is waited for. */
  | { readonly kind: "sent" };

/** How a plan is carried out. */
export interface EmitOptions {
  /** When bytes may go out; as fast as can be if absent. */
  readonly pace?: Pace;
  /**
   * Asked before a phase begins; it begins when this is settled. For the first phase of a connection that is before the
   * connection is opened: a silent one would block QEMU.
   */
  readonly gate?: (phase: EmitPhase, name: string) => Promise<void>;
  /** How long things are waited for. */
  readonly limits?: Partial<EmitLimits>;
  /** The user ends it. */
  readonly signal?: AbortSignal;
  /** Aborted when it is known elsewhere, from its monitor, that the target is done: no more is sent then. */
  readonly done?: AbortSignal;
  /** Settled when the target bears that postcopy is interrupted: before it has begun there, it would fail. */
  readonly interruptible?: () => Promise<void>;
  /** Makes the target listen again when postcopy was interrupted. Its limits are its own. */
  readonly recover?: () => Promise<void>;
  /** The time. */
  readonly clock?: Clock;
  /** Sees all bytes. */
  readonly tap?: EmitTap;
  /** Is told what happens. */
  readonly notice?: (notice: EmitNotice) => void;
}

/** What became of a connection. */
export interface EmittedConnection {
  /** `main`, `multifd 0`. */
  readonly label: string;
  /** It was opened. */
  readonly opened: boolean;
  /** Bytes that were handed to the system. */
  readonly sent: number;
  /** Bytes that were to be sent. */
  readonly planned: number;
  /** Bytes that came. */
  readonly received: number;
  /** What was being sent, or waited for, in the end; undefined if all was sent. */
  readonly waiting?: string;
  /** The target closed it, or broke it off for this reason. */
  readonly closed?: string;
}

/** What became of it all. */
export interface EmitResult {
  /** The connections, in the order in which they were to be opened. */
  readonly connections: readonly EmittedConnection[];
  /** What the target sent back. */
  readonly answers: EmitAnswers;
  /** PINGs that were to be answered. */
  readonly pings: number;
  /** All was sent. */
  readonly sent: boolean;
  /** Why it ended early, or why there is no end; undefined if all was sent, and the target ended the main connection. */
  readonly error?: EmitError;
  /** From the beginning to the last byte that the system took, milliseconds. */
  readonly sendingMs: number;
}
