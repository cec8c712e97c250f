import { type CommandDefinition, optionsOf } from "../command.ts";
import { hasPathOperand, operandChoices, optionWords, quoted, spellings, takesPath } from "./words.ts";

/**
 * The completion script for bash. It needs nothing but bash itself, of version 3.2 or later.
 *
 * @param definitions The commands.
 * @returns The script, with a line feed at its end.
 */
export function bashCompletions(definitions: readonly CommandDefinition[]): string {
  const names = definitions.map(({ name }) => name).join(" ");
  const values = definitions.flatMap(valueCases);
  const operands = definitions.flatMap(operandCases);
  return `# Completion of migwire for bash, made by: migwire completions bash

_migwire() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} words='' files='' reply
  # To bash, "=" is a word of its own.
  if [[ $cur == = ]]; then
    cur=''
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  if ((COMP_CWORD == 1)); then
    words='${names} help --help --version'
  else
    case "\${COMP_WORDS[1]} $prev" in
${values.map((line) => `      ${line}\n`).join("")}      *)
        case "\${COMP_WORDS[1]} $cur" in
          'help '* | '--help '* | '-h '*) words='${names}' ;;
${operands.map((line) => `          ${line}\n`).join("")}        esac
        ;;
    esac
  fi
  COMPREPLY=()
  if [[ $files ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r reply; do COMPREPLY+=("$reply"); done < <(compgen -f -- "$cur")
  else
    while IFS= read -r reply; do COMPREPLY+=("$reply"); done < <(compgen -W "$words" -- "$cur")
  fi
}

complete -F _migwire migwire
`;
}

/** Cases for the word after an option that takes a value, and after that option with "=". */
function valueCases(definition: CommandDefinition): string[] {
  return optionsOf(definition).flatMap((option) => {
    // The word after an option whose value may be left out is no value of it more often than not.
    if (option.value === undefined || option.valueOptional) return [];
    const pattern = spellings(option).map((word) => quoted(`${definition.name} ${word}`)).join(" | ");
    const action = option.choices ? `words=${quoted(option.choices.join(" "))}` : takesPath(option) ? "files=1" : ":";
    return [`${pattern}) ${action} ;;`];
  });
}

function operandCases(definition: CommandDefinition): string[] {
  const { name } = definition;
  const rest = hasPathOperand(definition) ? "files=1" : `words=${quoted(operandChoices(definition).join(" "))}`;
  return [
    `'${name} -'*) words=${quoted(optionWords(definition).join(" "))} ;;`,
    `'${name} '*) ${rest} ;;`,
  ];
}
