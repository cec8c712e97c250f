import type { CommandDefinition, ParsedArgs } from "./command.ts";
import { bashCompletions } from "./completions/bash.ts";
import { fishCompletions } from "./completions/fish.ts";
import { zshCompletions } from "./completions/zsh.ts";
import { definitionsOf } from "./definitions.ts";
import { EXIT, UsageError } from "./exit.ts";
import type { Io } from "./io.ts";
import { nearest } from "./nearest.ts";

/** The shells, and what makes a script for them. */
const SHELLS: Readonly<Record<string, (definitions: readonly CommandDefinition[]) => string>> = {
  bash: bashCompletions,
  zsh: zshCompletions,
  fish: fishCompletions,
};

const NAMES = Object.keys(SHELLS);

/**
 * The command `completions`. A command and no option of the program, as all that migwire does is a command: it has its
 * help, its examples and its place in the list, and is loaded only when asked for.
 */
export const definition: CommandDefinition = {
  name: "completions",
  summary: "print what lets a shell complete migwire's commands",
  details: ["SHELL is bash, zsh or fish. The script knows the commands, their options, and the values these may have."],
  operands: [{ name: "SHELL", choices: NAMES }],
  options: [],
  examples: [
    {
      command: "migwire completions bash > ~/.local/share/bash-completion/completions/migwire",
      does: "for bash, with its package bash-completion",
    },
    { command: 'eval "$(migwire completions bash)"', does: "for this bash alone" },
    { command: 'migwire completions zsh > "${fpath[1]}/_migwire"', does: "for zsh" },
    { command: "migwire completions fish > ~/.config/fish/completions/migwire.fish", does: "for fish" },
  ],
};

/**
 * Prints a completion script.
 *
 * @param args The command line.
 * @param io What it may touch.
 * @returns 0.
 */
export async function run(args: ParsedArgs, io: Io): Promise<number> {
  const [shell = ""] = args.operands;
  const make = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
  if (!make) throw unknownShell(shell);
  // The list of commands loads this module, not the other way round, until here.
  const { COMMANDS } = await import("./main.ts");
  io.stdout.write(make(await definitionsOf(COMMANDS)));
  return EXIT.ok;
}

function unknownShell(shell: string): UsageError {
  const meant = nearest(shell, NAMES);
  const hint = meant === undefined ? `it is one of ${NAMES.join(", ")}` : `did you mean ${meant}?`;
  return new UsageError(`Cannot complete for the shell "${shell}": ${hint}`);
}
