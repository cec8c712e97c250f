import { SpawnError } from "./spawn_error.ts";

/** What is used of the package. It has no types of its own. */
interface ShellQuote {
  parse(text: string, variables: (name: string) => object): readonly (string | Found)[];
}

/** What the package finds besides words. */
interface Found {
  readonly op?: string;
  readonly pattern?: string;
  readonly comment?: string;
  readonly variable?: string;
}

/** Text in which each quote has its end. What is no quote, or is behind a backslash, stands for itself. */
const CLOSED = /^(?:[^\\'"]|\\[\s\S]|'[^']*'|"(?:\\[\s\S]|[^\\"])*")*$/;

/**
 * Takes a command line apart as a shell does: by blanks, with `'…'`, `"…"` and `\`. Nothing in it is carried out: what a
 * shell would replace or act on is refused.
 *
 * @param text What the user wrote.
 * @returns The program and its arguments; at least one word.
 * @throws {SpawnError} `command`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { splitCommand } from "./split_command.ts";
 *
 * const words = await splitCommand(`qemu-system-x86_64 -M q35 -name "a guest"`);
 * assertEquals(words, ["qemu-system-x86_64", "-M", "q35", "-name", "a guest"]);
 * ```
 */
export async function splitCommand(text: string): Promise<string[]> {
  // A command of several lines, as people write them in scripts.
  const line = text.replaceAll(/\\\r?\n/g, " ").trim();
  if (line === "") throw refused("it is empty");
  if (!CLOSED.test(line)) throw refused("a quote in it is not closed");
  if (/[\r\n]/.test(line)) throw refused("it has several lines");
  // By the default export: that is what it has in a bundle, too.
  const { default: { parse } } = await import("shell-quote") as { readonly default: ShellQuote };
  return parse(line, (variable) => ({ variable })).map((word) => {
    if (typeof word !== "string") throw refused(`${nameOf(word)} needs a shell`);
    if (/^~[\w-]*(?:\/|$)/.test(word)) throw refused(`${word} needs a shell`);
    if (word.includes("`")) throw refused("` needs a shell");
    return word;
  });
}

function nameOf({ op, pattern, comment, variable }: Found): string {
  if (pattern !== undefined) return pattern;
  if (comment !== undefined) return `#${comment}`;
  return variable === undefined ? op ?? "it" : `$${variable}`;
}

function refused(why: string): SpawnError {
  return new SpawnError(
    "command",
    `Cannot start the command: ${why}`,
    "put what a shell must do into a script that is called with QEMU's arguments, and give the script",
  );
}
