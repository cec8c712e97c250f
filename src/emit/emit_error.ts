import { MigwireError } from "../errors/mod.ts";

/** Why something cannot be sent, or was not sent to its end. Stable, for programs. */
export type EmitErrorCode =
  /** Nothing in the capture begins as a main channel does. */
  | "no-main-channel"
  /** The channels are under TLS, whose session cannot be repeated. */
  | "encrypted"
  /** The stream is a mapped-ram file: no connection carries it. */
  | "mapped-ram"
  /** A channel comes from a pipe and was too large to be kept. */
  | "not-seekable"
  /** The plan cannot be carried out: one thing waits for another that cannot happen before it. */
  | "plan"
  /** Postcopy was interrupted and has to be recovered, which needs the target's monitor. */
  | "no-monitor"
  /** The target cannot be connected to. */
  | "connect"
  /** Deno was started without a permission. */
  | "not-allowed"
  /** The target closed a connection, or broke it off, before all was sent. */
  | "closed"
  /** Nothing went on for too long. */
  | "stalled"
  /** The target was done before all was sent. */
  | "ended"
  /** The user ended it. */
  | "interrupted";

/**
 * Something that cannot be sent, or was not sent to its end, and what to do about it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { EmitError } from "@migwire/migwire/emit";
 *
 * const error = new EmitError("connect", "Cannot connect to tcp:h:4444: refused", "start the destination first");
 * assertEquals([error.code, error.hint], ["connect", "start the destination first"]);
 * ```
 */
export class EmitError extends MigwireError<EmitErrorCode> {
  /** The class's name. */
  override readonly name = "EmitError";
}
