import { type CommandDefinition, type OptionDefinition, optionsOf } from "../command.ts";

/** Kinds of values that name a file or a folder; the others are left to the user. */
const PATH_KINDS: ReadonlySet<string> = new Set(["FILE", "DIR", "PATH", "BINARY", "PROGRAM"]);

/** Whether the value of an option is the name of a file, so that a shell can complete it. */
export function takesPath({ value, choices }: OptionDefinition): boolean {
  return choices === undefined && value !== undefined && PATH_KINDS.has(value);
}

/** Whether an argument without dashes is the name of a file: all are, but those with a list of choices. */
export function hasPathOperand({ operands }: CommandDefinition): boolean {
  return operands.some(({ choices }) => choices === undefined);
}

/** The words that a command's arguments without dashes are chosen from; none where they are names of files. */
export function operandChoices({ operands }: CommandDefinition): readonly string[] {
  return operands.flatMap(({ choices = [] }) => choices);
}

/** How an option is typed: its name, and its letter if it has one. */
export function spellings({ name, short }: OptionDefinition): readonly string[] {
  return short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`];
}

/** All that can be typed as an option of a command. */
export function optionWords(definition: CommandDefinition): readonly string[] {
  return optionsOf(definition).flatMap(spellings);
}

/** Text between single quotes, as bash and zsh read it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
