import { type CommandDefinition, type OptionDefinition, optionsOf } from "../command.ts";
import { hasPathOperand, operandChoices, takesPath } from "./words.ts";

/**
 * The completion script for fish.
 *
 * @param definitions The commands.
 * @returns The script, with a line feed at its end.
 */
export function fishCompletions(definitions: readonly CommandDefinition[]): string {
  const lines = [
    "# Completion of migwire for fish, made by: migwire completions fish",
    "",
    "complete -c migwire -f",
    "complete -c migwire -n __fish_use_subcommand -s h -l help -d 'show the help'",
    "complete -c migwire -n __fish_use_subcommand -s V -l version -d 'show the version'",
    "complete -c migwire -n __fish_use_subcommand -a help -d 'show the help of a command'",
    `complete -c migwire -n '__fish_seen_subcommand_from help' -a '${definitions.map(({ name }) => name).join(" ")}'`,
    ...definitions.map(({ name, summary }) =>
      `complete -c migwire -n __fish_use_subcommand -a ${name} -d ${fishQuoted(summary)}`
    ),
    ...definitions.flatMap(commandLines),
  ];
  return `${lines.join("\n")}\n`;
}

function commandLines(definition: CommandDefinition): string[] {
  // The first word alone decides: that of `migwire diff report other` is diff.
  const start = `complete -c migwire -n 'test (commandline -opc)[2] = ${definition.name} 2>/dev/null'`;
  const choices = operandChoices(definition);
  return [
    "",
    ...(hasPathOperand(definition) ? [`${start} -F`] : []),
    ...(choices.length > 0 ? [`${start} -a ${fishQuoted(choices.join(" "))}`] : []),
    ...optionsOf(definition).map((option) => `${start} ${optionArguments(option)}`),
  ];
}

function optionArguments(option: OptionDefinition): string {
  const { name, short, value, valueOptional, choices, help } = option;
  const letter = short === undefined ? "" : `-s ${short} `;
  const needs = value === undefined || valueOptional ? "" : takesPath(option) ? "-r -F " : "-x ";
  const list = choices ? `-a ${fishQuoted(choices.join(" "))} ` : "";
  return `${letter}-l ${name} ${needs}${list}-d ${fishQuoted(help)}`;
}

/** Text between single quotes, as fish reads it: the backslash is special there too. */
function fishQuoted(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
