import { MigwireError } from "../errors/mod.ts";

/** Why a capture cannot be edited. Stable, for programs. */
export type EditErrorCode =
  /** The text of an edit is none. */
  | "syntax"
  /** No record is what an edit asks for. */
  | "no-record"
  /** No record that an edit asks for has the field. */
  | "no-field"
  /** A field cannot have the value. */
  | "value"
  /** The edit would break what is to be right again. */
  | "repair"
  /** A channel can be read only once, and it takes two times. */
  | "pipe"
  /** Places in a mapped-ram file would move. */
  | "mapped-ram";

/** A name that is none, and those that are. */
export interface Misnomer {
  /** What was written. */
  readonly typed: string;
  /** What there is. */
  readonly known: readonly string[];
}

/**
 * A capture that cannot be edited so, and what to do about it.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { EditError, parseEdit } from "@migwire/migwire/edit";
 *
 * const error = assertThrows(() => parseEdit("drop", "color=red"), EditError);
 * assertEquals(error.code, "syntax");
 * ```
 */
export class EditError extends MigwireError<EditErrorCode> {
  /** The class's name. */
  override readonly name = "EditError";
  /** A name that does not exist is at fault, if one is: to suggest another. */
  readonly misnomer: Misnomer | undefined;

  /** The error `code`, with its text for people and what to do about it. */
  constructor(
    code: EditErrorCode,
    message: string,
    hint?: string,
    options: ErrorOptions & { readonly misnomer?: Misnomer } = {},
  ) {
    super(code, message, hint, options);
    this.misnomer = options.misnomer;
  }
}
