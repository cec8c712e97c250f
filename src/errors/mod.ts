/** What the errors have in common that people can do something about. @module */

/**
 * An error for people and for programs: why, as a stable code; what, as the message; and what to do about it.
 *
 * Thrown are its subclasses, one for each thing that can be done with a capture: opening, recording, dealing, sending,
 * starting a QEMU. Faults of the bytes themselves are a `WireError`, which has a place instead.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MigwireError } from "@migwire/migwire/capture";
 * import { EmitError } from "@migwire/migwire/emit";
 *
 * const error: unknown = new EmitError("encrypted", "Cannot send it: it is under TLS", "record it without TLS");
 * assertEquals(error instanceof MigwireError && [error.code, error.hint], ["encrypted", "record it without TLS"]);
 * ```
 */
export abstract class MigwireError<Code extends string = string> extends Error {
  /** Why, for programs. */
  readonly code: Code;
  /** What to do about it, for people; empty if nothing helps. */
  readonly hint: string;

  /** The error `code`, with its text for people and what to do about it. */
  constructor(code: Code, message: string, hint?: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.hint = hint ?? "";
  }
}
