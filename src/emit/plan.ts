import type { Item } from "./item.ts";
import type { StreamNeeds } from "./needs.ts";
import type { AwaitedMessage, EmitPhase } from "./stretch.ts";

/** What must have happened before something else may. */
export type Precondition =
  /** The first `steps` steps of a connection were handed to the system. */
  | { readonly kind: "sent"; readonly connection: number; readonly steps: number }
  /** A connection is open. */
  | { readonly kind: "opened"; readonly connection: number }
  /** So many of these messages came on the return path. */
  | { readonly kind: "message"; readonly message: AwaitedMessage; readonly count: number }
  /** The destination waits for a recovery of postcopy, and listens again. */
  | { readonly kind: "recovery" };

/** Something that is sent without waiting for anything in between. */
export interface EmitStep {
  /** What it is, for people: `MULTIFD_FLUSH`, `SYNC 3`. */
  readonly name: string;
  /** What must have happened before. */
  readonly after: readonly Precondition[];
  /** Phase that begins with it. */
  readonly phase?: EmitPhase;
  /** What is sent. */
  readonly items: readonly Item[];
}

/** What kind of connection. */
export type EmitRole = "main" | "multifd" | "preempt" | "recovery";

/** A connection to the destination, and what is sent over it, in order. */
export interface PlannedConnection {
  /** Kind. */
  readonly role: EmitRole;
  /** `main`, `multifd 2`. */
  readonly label: string;
  /** What must have happened before it is opened; besides that, the connections before it are open. */
  readonly after: readonly Precondition[];
  /** What is sent. */
  readonly steps: readonly EmitStep[];
  /**
   * What is done when all is sent: kept open as long as the target may still read; broken off at once, where postcopy was
   * interrupted; ended at once (`end`), as it was recorded; or closed when all connections have sent all, since the stream
   * was cut.
   */
  readonly ending: "keep" | "interrupt" | "end" | "close";
  /** With `end`: the connection whose end was recorded, so that its time is known. */
  readonly recorded?: number;
}

/** What is sent, and what must precede what (destination-engine.md part C). Indices are those of `connections`. */
export interface EmitPlan {
  /** In the order in which they are opened. */
  readonly connections: readonly PlannedConnection[];
  /** What the stream asks of its destination. */
  readonly needs: StreamNeeds;
  /** PINGs: so many PONGs are to come. */
  readonly pings: number;
  /** The stream is whole: the destination answers at its end. Otherwise it waits for more, until it is closed. */
  readonly whole: boolean;
  /** What was noticed while it was made, for people. */
  readonly notes: readonly string[];
}
