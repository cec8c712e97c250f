/** A QEMU version; what comes after the second number does not change the wire. */
export interface QemuVersion {
  /** First number. */
  readonly major: number;
  /** Second number. */
  readonly minor: number;
  /** Third number; 50 and more mark a development version. */
  readonly micro: number;
}

/**
 * Reads a version as QEMU or a package writes it.
 *
 * @param text `10.0`, `10.0.13`, `10.0.2 (Debian 1:10.0.2+ds-2)`.
 * @returns The version; undefined if the text does not begin with one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseQemuVersion } from "@migwire/migwire/capture";
 *
 * assertEquals(parseQemuVersion("10.0.13"), { major: 10, minor: 0, micro: 13 });
 * assertEquals(parseQemuVersion("newest"), undefined);
 * ```
 */
export function parseQemuVersion(text: string): QemuVersion | undefined {
  const match = /^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?!\d)/.exec(text);
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), micro: Number(match[3] ?? 0) };
}

/**
 * Whether a version is `major.minor` or later. A development version counts as the release before it.
 *
 * @param version The version.
 * @param major First number of the other one.
 * @param minor Second number of the other one.
 * @returns Whether it is not older.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isAtLeast, parseQemuVersion } from "@migwire/migwire/capture";
 *
 * const version = parseQemuVersion("9.2.1");
 * assert(version !== undefined && isAtLeast(version, 9, 2) && !isAtLeast(version, 10, 0));
 * ```
 */
export function isAtLeast(version: Pick<QemuVersion, "major" | "minor">, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}
