import type { CommandDefinition } from "./command.ts";
import type { ListedCommand } from "./main.ts";

/**
 * The definitions of commands, in their order; their modules are loaded for it.
 *
 * @param commands The commands.
 * @returns What each is.
 */
export async function definitionsOf(commands: readonly ListedCommand[]): Promise<CommandDefinition[]> {
  const modules = await Promise.all(commands.map((command) => command.load()));
  return modules.map(({ definition }) => definition);
}
