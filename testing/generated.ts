/** Parts of Markdown files that are made of what the program says of itself. @module */

import results from "../bench/results.json" with { type: "json" };
import { type Results, speedTable } from "../bench/rows.ts";
import { definitionsOf } from "../cli/definitions.ts";
import { COMMANDS } from "../cli/main.ts";
import { permissionRows } from "../cli/permissions.ts";
import { markdownTable } from "./markdown_table.ts";

/** A line that begins a part: `<!-- NAME: … -->`. Its end is `<!-- /NAME -->`. */
function part(name: string): RegExp {
  return new RegExp(`(<!-- ${name}: [^\\n]*-->\\n)[\\s\\S]*?(<!-- /${name} -->)`);
}

/**
 * The text with another content of one of its parts.
 *
 * @throws {Error} If there is no such part.
 */
export function withPart(markdown: string, name: string, content: string): string {
  if (!part(name).test(markdown)) throw new Error(`Cannot write the part ${name}: it is not there`);
  return markdown.replace(part(name), (_, begin: string, end: string) => `${begin}\n${content}\n${end}`);
}

/** Which commands need which permission, as the table of SECURITY.md. */
export async function permissionTable(): Promise<string> {
  const rows = (await definitionsOf(COMMANDS)).flatMap((definition) =>
    permissionRows(definition).map(([flags, when]) => ({ command: definition.name, flags, when }))
  );
  const groups = Map.groupBy(rows, ({ flags, when }) => `${flags}\n${when}`);
  return markdownTable([
    ["permissions", "when", "commands"],
    ...[...groups.values()].map((group) => [
      group[0]?.flags.split(" ").map((flag) => `\`${flag}\``).join(" ") ?? "",
      group[0]?.when ?? "",
      group.map(({ command }) => `\`${command}\``).join(", "),
    ]),
  ]);
}

/** How fast it was in the last saved run, as the table of the README. */
export function speedPart(): string {
  return speedTable(results as Results);
}
