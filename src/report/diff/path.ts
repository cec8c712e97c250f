/** A step of a path: a name as QEMU has it, or the number of an instance or of an array's element. */
export type PathStep = string | number;

/** Where in a capture's tree something is: `["devices", "i8259", 1, "irr"]`. */
export type Path = readonly PathStep[];

/**
 * A path as text, as the patterns of `--only` and `--ignore` see it: steps with a dot between them, numbers in
 * brackets.
 *
 * @param path The path.
 * @returns Its text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { pathText } from "@migwire/migwire/diff";
 *
 * assertEquals(pathText(["devices", "i8259", 1, "irr"]), "devices.i8259[1].irr");
 * ```
 */
export function pathText(path: Path): string {
  return path.reduce<string>((text, step) => text + stepText(step, text === ""), "");
}

function stepText(step: PathStep, first: boolean): string {
  if (typeof step === "number") return `[${step}]`;
  return first ? step : `.${step}`;
}
