/** The folders with captures. Needs nothing of the project, so that a test can be ignored before anything is loaded. @module */

import { CAPTURES } from "./real_captures.ts";

/** A folder of capture directories. */
export interface CorpusFolder {
  /** The folder, with a slash at its end. */
  readonly url: URL;
  /** Names of the captures in it; none if it is missing or may not be read. */
  readonly captures: readonly string[];
}

/** The captures of real migrations beside the project, and the few in `testdata/`. */
export const CORPUS_FOLDERS: readonly CorpusFolder[] = [
  folderAt(CAPTURES),
  folderAt(new URL("../testdata/", import.meta.url)),
];

function folderAt(url: URL): CorpusFolder {
  if (Deno.permissions.querySync({ name: "read", path: url }).state !== "granted") return { url, captures: [] };
  try {
    const captures = [...Deno.readDirSync(url)]
      .filter(({ name, isDirectory }) => isDirectory && exists(new URL(`${name}/capture.json`, url)))
      .map(({ name }) => name);
    return { url, captures: captures.sort() };
  } catch {
    return { url, captures: [] };
  }
}

function exists(url: URL): boolean {
  try {
    return Deno.statSync(url).isFile;
  } catch {
    return false;
  }
}
