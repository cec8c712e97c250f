import { EXPORT_FORMAT, type TableName } from "../report/export/mod.ts";

/** What is noted of a migration that is exported whole. */
export interface Marker {
  /** Version of the tables. */
  readonly format: string;
  /** Absolute path of the capture. */
  readonly capture: string;
  /** Names, sizes and times of the capture's files. */
  readonly fingerprint: string;
  /** Why the capture could not be read; null if it was. */
  readonly failure: string | null;
  /** Rows of each table. */
  readonly rows: { readonly [table in TableName]: number };
}

/** Folder of the markers: query engines pass over names with an underscore. */
const FOLDER = "_migwire";

/** Where the marker of a migration is. */
export function markerPath(out: string, name: string): string {
  return `${out}/${FOLDER}/${name}.json`;
}

/**
 * The marker of a migration; undefined if there is none that can be read.
 *
 * @param out Folder of the tables.
 * @param name Name of the migration.
 * @throws What the system throws, but not that there is no such file.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readMarker } from "@migwire/migwire/export";
 *
 * assertEquals(readMarker("testdata", "none"), undefined);
 * ```
 */
export function readMarker(out: string, name: string): Marker | undefined {
  try {
    const marker = JSON.parse(Deno.readTextFileSync(markerPath(out, name))) as Partial<Marker> | null;
    return marker?.format === EXPORT_FORMAT && typeof marker.capture === "string" ? marker as Marker : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Names, sizes and times of a capture's files; empty if it cannot be looked at.
 *
 * @param path The capture: a file, or a directory.
 * @returns A line a file.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fingerprintOf } from "@migwire/migwire/export";
 *
 * assertEquals(fingerprintOf("testdata/vfio-multifd-2").split("\n").length, 5);
 * assertEquals(fingerprintOf("testdata/none"), "");
 * ```
 */
export function fingerprintOf(path: string): string {
  try {
    const status = Deno.statSync(path);
    if (!status.isDirectory) return lineOf("", status);
    const files = [...Deno.readDirSync(path)].filter(({ isFile }) => isFile).map(({ name }) => name).sort();
    return files.map((name) => lineOf(name, Deno.statSync(`${path}/${name}`))).join("\n");
  } catch {
    return "";
  }
}

function lineOf(name: string, { size, mtime }: Deno.FileInfo): string {
  return `${name} ${size} ${mtime?.getTime() ?? 0}`;
}
