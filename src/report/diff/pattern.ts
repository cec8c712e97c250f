import { type Path, pathText } from "./path.ts";

/** What is looked at, and what is not. */
export interface PathFilter {
  /** Patterns of paths that count; all do if there is none. */
  readonly only?: readonly string[];
  /** Patterns of paths that do not count. */
  readonly ignore?: readonly string[];
}

/**
 * Whether a pattern matches a path, or something that the path is in: `devices.i8259*` matches all of both devices. `*`
 * stands for any characters, dots and brackets among them, `?` for one; all others stand for themselves.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { matchesPath } from "./pattern.ts";
 *
 * assert(matchesPath("devices.*.timer*", ["devices", "i8254", 0, "irq_timer"]) === false);
 * assert(matchesPath("devices.*timer*", ["devices", "i8254", 0, "irq_timer"]));
 * assert(matchesPath("devices.i8259[1]", ["devices", "i8259", 1, "irr"]));
 * ```
 */
export function matchesPath(pattern: string, path: Path): boolean {
  for (let steps = 1; steps <= path.length; steps++) {
    if (matchesGlob(pattern, pathText(path.slice(0, steps)))) return true;
  }
  return false;
}

/** Whether the filter lets a path through. */
export function passes({ only = [], ignore = [] }: PathFilter, path: Path): boolean {
  const matched = (pattern: string): boolean => matchesPath(pattern, path);
  return (only.length === 0 || only.some(matched)) && !ignore.some(matched);
}

/** Goes back to the last `*` only: its time grows with the product of the lengths, whatever the text and the pattern. */
function matchesGlob(pattern: string, text: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let i = 0; i < text.length;) {
    if (pattern[at] === "*") {
      star = at++;
      resume = i;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[i])) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
