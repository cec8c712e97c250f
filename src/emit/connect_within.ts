import type { Clock } from "../qmp/mod.ts";
import { EmitError } from "./emit_error.ts";
import type { EmitConnection, EmitTarget } from "./target.ts";
import { reasonOf, seconds, unlessAborted } from "./waits.ts";

/** How long a connection is waited for. */
export interface ConnectLimits {
  /** The time. */
  readonly clock: Clock;
  /** Milliseconds. */
  readonly connectMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Connects, even to a target that knows nothing of time: a connection that comes too late is closed.
 *
 * @returns The connection; undefined if `signal` was aborted.
 * @throws {EmitError} `connect`, or what the target says.
 */
export async function connectWithin(target: EmitTarget, limits: ConnectLimits): Promise<EmitConnection | undefined> {
  const { clock, connectMs, signal } = limits;
  const giveUp = new AbortController();
  const stop = (): void => giveUp.abort(signal.reason);
  signal.addEventListener("abort", stop);
  const cancel = clock.after(connectMs, () => giveUp.abort());
  const connecting = target.connect(giveUp.signal);
  try {
    const connection = await unlessAborted(connecting, giveUp.signal);
    if (connection !== undefined) return connection;
  } catch (error) {
    // What it says when it is stopped says nothing.
    if (!giveUp.signal.aborted) {
      if (error instanceof EmitError) throw error;
      throw new EmitError("connect", `Cannot connect to ${target.name}: ${reasonOf(error)}`, "", { cause: error });
    }
  } finally {
    cancel();
    signal.removeEventListener("abort", stop);
  }
  connecting.then((late) => late.close()).catch(() => {});
  if (signal.aborted) return undefined;
  throw new EmitError("connect", `Cannot connect to ${target.name}: no answer for ${seconds(connectMs)}`);
}
