/** The console examples of the README: commands, and what they print. @module */

import { main } from "../cli/main.ts";
import { memoryIo } from "../cli/memory_io.ts";
import { permissionTable, speedPart, withPart } from "./generated.ts";

/** A command of the README with what stands below it. */
export interface ConsoleExample {
  /** The command line, without the prompt. */
  readonly command: string;
  /** What it prints, as the README shows it. */
  readonly output: string;
}

const BLOCK = /^```console\n\$ (.*)\n([\s\S]*?)```$/gm;

/** The console examples in a Markdown text. */
export function consoleExamples(markdown: string): ConsoleExample[] {
  return [...markdown.matchAll(BLOCK)].map(([, command = "", output = ""]) => ({ command, output }));
}

/** Whether a command can be run here: it is one of migwire alone, without a pipe. */
export function isPlain(command: string): boolean {
  return command.startsWith("migwire ") && !command.includes("|");
}

/** What a command prints, in this process. */
export async function outputOf(command: string): Promise<string> {
  const io = memoryIo();
  await main(command.split(" ").slice(1), io);
  return io.out();
}

/** The text with what each plain command prints today. */
export async function refreshed(markdown: string): Promise<string> {
  const outputs = new Map<string, string>();
  for (const { command } of consoleExamples(markdown)) {
    if (isPlain(command)) outputs.set(command, await outputOf(command));
  }
  return markdown.replace(BLOCK, (block, command: string) => {
    const output = outputs.get(command);
    return output === undefined ? block : `\`\`\`console\n$ ${command}\n${output}\`\`\``;
  });
}

if (import.meta.main) {
  const readme = new URL("../README.md", import.meta.url);
  Deno.chdir(new URL("..", import.meta.url));
  Deno.writeTextFileSync(readme, withPart(await refreshed(Deno.readTextFileSync(readme)), "speed", speedPart()));
  const security = new URL("../SECURITY.md", import.meta.url);
  Deno.writeTextFileSync(security, withPart(Deno.readTextFileSync(security), "permissions", await permissionTable()));
}
