import { createHash } from "node:crypto";

/** Letters of a capture's name that the migration keeps. */
const LONGEST = 80;

/**
 * A name for a migration's folder: letters, digits, dots, dashes and underscores, a letter first, so that no query
 * engine takes it for a number, a date or a hidden folder.
 *
 * @param path Path of the capture.
 */
export function plainName(path: string): string {
  const last = path.replace(/[\\/]+$/, "").split(/[\\/]/).at(-1) ?? "";
  const safe = last.replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, LONGEST);
  return /^[A-Za-z]/.test(safe) ? safe : `m-${safe}`;
}

/** As {@linkcode plainName} with a suffix that tells captures of one name apart. */
export function longName(path: string): string {
  return `${plainName(path)}-${createHash("sha256").update(path).digest("hex").slice(0, 12)}`;
}

/**
 * Names for captures, all different also where letters' case does not count. The plain name goes to whoever had it in
 * an earlier run, else to the first.
 *
 * @param paths Absolute paths, all different.
 * @param owner Path of the capture that has a name already, by an earlier run; undefined if nobody has.
 * @returns A name for each path, in their order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { migrationNames } from "@migwire/migwire/export";
 *
 * const names = migrationNames(["/a/vm 1", "/b/vm_1"], () => undefined);
 * assertEquals([names[0], names[1]?.slice(0, 5)], ["vm_1", "vm_1-"]);
 * ```
 */
export function migrationNames(paths: readonly string[], owner: (name: string) => string | undefined): string[] {
  const taken = new Set<string>();
  return paths.map((path) => {
    const plain = plainName(path);
    const owned = owner(plain);
    const name = owned === path || (owned === undefined && !taken.has(plain.toLowerCase())) ? plain : longName(path);
    taken.add(name.toLowerCase());
    return name;
  });
}
