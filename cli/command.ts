import type { Io } from "./io.ts";

/**
 * How the value of an option reads. `SIZE`, `OFFSET` and `COUNT` are checked when the command line is parsed; the others
 * are text, and say only what kind.
 */
export type ValueKind = "SIZE" | "OFFSET" | "COUNT" | (string & Record<never, never>);

/** An option of a command. */
export interface OptionDefinition {
  /** Its name, without the dashes. */
  readonly name: string;
  /** Its letter, without the dash. */
  readonly short?: string;
  /** What its value is, as the help shows it. Without one it is a flag. */
  readonly value?: ValueKind;
  /**
   * Whether the value may be left out; `text` then gives `""`. Bare is the option before another option and at the end,
   * and before an operand that would be missing otherwise. Not for options that are repeatable.
   */
  readonly valueOptional?: true;
  /** The only values there are. */
  readonly choices?: readonly string[];
  /** What it does, on one line. */
  readonly help: string;
  /** Whether it may be given more than once. */
  readonly repeatable?: boolean;
}

/** An argument that is known by its place. */
export interface OperandDefinition {
  /** Its name, in capitals. */
  readonly name: string;
  /** Whether it may be left out. */
  readonly optional?: boolean;
  /** Whether it may be given more than once; only for the last. */
  readonly repeatable?: boolean;
  /** The only values there are, for completions; whoever uses it says what else is wrong. Else it names a file. */
  readonly choices?: readonly string[];
}

/** A command line that shows a use of a command. */
export interface Example {
  /** What is typed. */
  readonly command: string;
  /** What it does. */
  readonly does: string;
}

/**
 * What a command is: its help, its parsing, its suggestions, its completions come from this.
 *
 * @example Usage
 * ```ts
 * import type { CommandDefinition } from "./command.ts";
 *
 * const definition: CommandDefinition = {
 *   name: "records",
 *   summary: "list the records of a channel",
 *   operands: [{ name: "CAPTURE" }],
 *   options: [
 *     { name: "json", help: "print one JSON object a line" },
 *     { name: "from", short: "f", value: "OFFSET", help: "begin there" },
 *   ],
 *   examples: [{ command: "migwire records dump.bin --from 0x10", does: "skip the header" }],
 * };
 * ```
 */
export interface CommandDefinition {
  /** What is typed after `migwire`. */
  readonly name: string;
  /** What it does, on one line, for the list of commands. */
  readonly summary: string;
  /** What else to know, as lines of the help. */
  readonly details?: readonly string[];
  /** The arguments without dashes, in order. */
  readonly operands: readonly OperandDefinition[];
  /** The options; `--help` is added. */
  readonly options: readonly OptionDefinition[];
  /** At least one. */
  readonly examples: readonly Example[];
}

/** A module that implements a command. */
export interface CommandModule {
  /** What it is. */
  readonly definition: CommandDefinition;
  /**
   * Does it. Throws an `ExitError`, or the error that stopped it.
   *
   * @param args The command line, parsed after `definition`.
   * @param io What it may touch.
   * @returns The exit code.
   */
  run(args: ParsedArgs, io: Io): number | Promise<number>;
}

/** A parsed command line. Asking for an option that the definition does not have is a bug, and throws. */
export interface ParsedArgs {
  /** The arguments without dashes, in order. */
  readonly operands: readonly string[];
  /** Whether a flag is set. */
  flag(name: string): boolean;
  /** The value of an option, the last if there are several, `undefined` if none; `""` if it is given without its value. */
  text(name: string): string | undefined;
  /** All values of a repeatable option. */
  texts(name: string): readonly string[];
  /** The value of a `SIZE`, `OFFSET` or `COUNT`, as a number. */
  number(name: string): number | undefined;
  /** The values of several repeatable options, each with its name, in the order in which they were typed. */
  inOrder(names: readonly string[]): readonly (readonly [name: string, value: string])[];
  /** All values of a repeatable `SIZE`, `OFFSET` or `COUNT`, as numbers. */
  numbers(name: string): readonly number[];
}

/** The option that every command has. */
export const HELP_OPTION: OptionDefinition = { name: "help", short: "h", help: "show this help" };

/**
 * All options of a command, with the one that every command has.
 *
 * @param definition The command.
 * @returns Its options.
 *
 * @example Usage
 * ```ts
 * import { optionsOf } from "./command.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const definition = { name: "check", summary: "", operands: [], options: [], examples: [] };
 * assertEquals(optionsOf(definition).map((option) => option.name), ["help"]);
 * ```
 */
export function optionsOf(definition: CommandDefinition): readonly OptionDefinition[] {
  return [...definition.options, HELP_OPTION];
}
