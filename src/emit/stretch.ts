import type { Item } from "./item.ts";

/** How far a stream has come, for whoever follows it or steps through it. */
export type EmitPhase =
  /** Headers, and the START sections. */
  | "setup"
  /** A PART section of RAM: the guest runs at the source. */
  | "iteration"
  /** The guest stands still: SWITCHOVER_START, or the first END section. */
  | "switchover"
  /** The FULL sections: state of devices. */
  | "devices"
  /** Postcopy: the guest runs at the destination. */
  | "postcopy"
  /** A recovery connection goes on. */
  | "recovery"
  /** The EOF byte, and the VM description. */
  | "end";

/** An answer on the return path that a source waits for (main-channel.md §9). */
export type AwaitedMessage = "pong" | "switchover-ack" | "recv-bitmap" | "resume-ack";

/** What happens where a stretch of a main channel begins. */
export type Mark =
  /** All multifd channels and this one wait for each other here, if barriers are of this style. */
  | { readonly kind: "barrier"; readonly style: "round" | "section" }
  /** SWITCHOVER_START is sent. */
  | { readonly kind: "switchover-start" }
  /** The guest stands still from here on: what it needed an acknowledgement for is over. */
  | { readonly kind: "stop" }
  /** A package begins: the destination goes over to postcopy in it. */
  | { readonly kind: "package" }
  /** So many of these messages have been asked for, and a source waits for them here. */
  | { readonly kind: "await"; readonly message: AwaitedMessage; readonly count: number };

/** A piece of a main channel, cut where something has to come before it. */
export interface Stretch {
  /** What it is, for people. */
  readonly name: string;
  /** Phase that begins with it. */
  readonly phase?: EmitPhase;
  /** What happens where it begins. */
  readonly marks: readonly Mark[];
  /** What is sent. */
  readonly items: readonly Item[];
}
