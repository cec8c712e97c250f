import { MigwireError } from "../../errors/mod.ts";

/** Why a QEMU was not started. Stable, for programs. */
export type SpawnErrorCode =
  /** The words are no command that could be started: an operator of the shell, an open quote, nothing. */
  | "command"
  /** What was recorded is not started: it is no QEMU, or it would reach what is outside of its folder. */
  | "recorded"
  /** The recorded command names what is not there. */
  | "missing"
  /** There is no such program. */
  | "no-program"
  /** Deno was started without a permission. */
  | "not-allowed"
  /** The private folder cannot be made or filled. */
  | "folder"
  /** The program ended before its monitor was there. */
  | "ended"
  /** Its monitor did not come in time. */
  | "silent"
  /** It cannot be stopped. */
  | "unstoppable";

/**
 * A QEMU that was not started, and what to do about it.
 *
 * @example
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { splitCommand, SpawnError } from "@migwire/migwire/spawn";
 *
 * const error = await assertRejects(() => splitCommand("qemu-system-x86_64 | tee log"), SpawnError);
 * assertEquals(error.code, "command");
 * ```
 */
export class SpawnError extends MigwireError<SpawnErrorCode> {
  /** The class's name. */
  override readonly name = "SpawnError";
}

/** What helps where a recorded command cannot be used. */
export const OWN_COMMAND = 'give a command of your own: --spawn "qemu-system-…"';
