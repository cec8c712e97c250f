import { type CommandDefinition, type OperandDefinition, type OptionDefinition, optionsOf } from "../command.ts";
import { quoted, spellings, takesPath } from "./words.ts";

/**
 * The completion script for zsh: a file of `fpath` with the name `_migwire`, or to be sourced after `compinit`.
 *
 * @param definitions The commands.
 * @returns The script, with a line feed at its end.
 */
export function zshCompletions(definitions: readonly CommandDefinition[]): string {
  return `#compdef migwire
# Completion of migwire for zsh, made by: migwire completions zsh

_migwire_commands() {
  local -a commands
  commands=(
${definitions.map(({ name, summary }) => `    ${quoted(`${name}:${plain(summary)}`)}\n`).join("")}  )
  _describe command commands
}

_migwire() {
  if (( CURRENT == 2 )); then
    _migwire_commands
    compadd -- help --help --version
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
    help|--help|-h) (( CURRENT == 2 )) && _migwire_commands ;;
${definitions.map(commandCase).join("")}  esac
}

if [[ $funcstack[1] == _migwire ]]; then
  _migwire "$@"
else
  compdef _migwire migwire
fi
`;
}

function commandCase(definition: CommandDefinition): string {
  const specs = [
    ...optionsOf(definition).flatMap(optionSpecs),
    ...definition.operands.map(operandSpec),
  ];
  const lines = specs.map((spec) => `        ${quoted(spec)}`).join(" \\\n");
  return `    ${definition.name})\n      _arguments -s -S \\\n${lines}\n      ;;\n`;
}

/** An option as `_arguments` wants it: once for each of its spellings. */
function optionSpecs(option: OptionDefinition): string[] {
  const { value, valueOptional, repeatable, help } = option;
  const words = spellings(option);
  const before = repeatable ? "*" : words.length > 1 ? `(${words.join(" ")})` : "";
  return words.map((word) => {
    const text = `[${plain(help)}]`;
    if (value === undefined) return `${before}${word}${text}`;
    const isLong = word.startsWith("--");
    // "=": the value follows in the same word or the next; "=-": only in the same; "-": for letters.
    const join = valueOptional ? isLong ? "=-" : "-" : isLong ? "=" : "";
    return `${before}${word}${join}${text}${valueOptional ? "::" : ":"}${plain(value)}:${action(option)}`;
  });
}

function operandSpec({ name, optional, repeatable, choices }: OperandDefinition): string {
  const what = choices ? `(${choices.join(" ")})` : "_files";
  return `${repeatable ? "*:" : optional ? "::" : ":"}${plain(name)}:${what}`;
}

function action(option: OptionDefinition): string {
  return option.choices ? `(${option.choices.join(" ")})` : takesPath(option) ? "_files" : " ";
}

/** Text in which nothing is special to `_arguments` and `_describe`. */
function plain(text: string): string {
  return text.replace(/[\\\[\]:]/g, "\\$&");
}
