import { type ForgeDescription, forgeDescription } from "./description.ts";
import { ForgeError } from "./fields.ts";

/** Letters of a description at most: those of the library have some hundred. */
const LONGEST = 1024 * 1024;

/**
 * Reads a description in YAML.
 *
 * @param text The text.
 * @returns The description.
 * @throws {ForgeError} If it is no YAML, with the line, or no description.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseForgeDescription } from "@migwire/migwire/forge";
 *
 * const { steps } = await parseForgeDescription("title: a gap\nsteps: [setup, switchover, data: 1, finish]\n");
 * assertEquals(steps[2], { name: "data", value: 1, path: "steps[2].data" });
 * ```
 */
export async function parseForgeDescription(text: string): Promise<ForgeDescription> {
  if (text.length > LONGEST) throw new ForgeError("it", `has more than ${LONGEST} letters`);
  const { load } = await import("js-yaml");
  let value: unknown;
  try {
    value = load(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw new ForgeError("it", `is no YAML: ${error.message}`);
  }
  return forgeDescription(value);
}
