import type { OpenOptions } from "../src/public/capture.ts";
import type { OptionDefinition, ParsedArgs } from "./command.ts";

/** Options of each command that opens a capture: where in a file it is. */
export const OPEN_OPTIONS: readonly OptionDefinition[] = [
  { name: "offset", value: "OFFSET", help: "where in the file the stream begins" },
  { name: "migration", value: "COUNT", help: "which of a packet capture's migrations, from 1 on" },
];

/**
 * The values of {@linkcode OPEN_OPTIONS}.
 *
 * @param args The command line of a command with these options.
 * @returns What was given of them.
 *
 * @example Usage
 * ```ts
 * import { OPEN_OPTIONS, openOptions } from "./open_options.ts";
 * import { parseCommand } from "./parse.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const definition = { name: "records", summary: "", operands: [], options: OPEN_OPTIONS, examples: [] };
 * assertEquals(openOptions(parseCommand(definition, ["--migration", "2"])), { migration: 2 });
 * ```
 */
export function openOptions(args: ParsedArgs): Pick<OpenOptions, "offset" | "migration"> {
  const [offset, migration] = [args.number("offset"), args.number("migration")];
  return { ...(offset === undefined ? {} : { offset }), ...(migration === undefined ? {} : { migration }) };
}
