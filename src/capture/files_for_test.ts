/** Files for the tests of this folder. @module */

/** Runs `test` in a temporary directory that holds `files`; a directory in their names is made. */
export function withFiles(
  files: { readonly [name: string]: Uint8Array | string },
  test: (directory: string) => void,
): void {
  const directory = Deno.makeTempDirSync({ prefix: "migwire-" });
  try {
    for (const [name, content] of Object.entries(files)) {
      if (typeof content === "string") Deno.writeTextFileSync(`${directory}/${name}`, content);
      else Deno.writeFileSync(`${directory}/${name}`, content);
    }
    test(directory);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}

/** Whether temporary files can be made, and read again. Tests that need them are ignored otherwise. */
export function canWrite(): boolean {
  try {
    withFiles({ "x": "x" }, (directory) => Deno.readTextFileSync(`${directory}/x`));
    return true;
  } catch {
    return false;
  }
}

/** The captures of real migrations. */
export const CAPTURES: URL = new URL("../../../shared/captures/", import.meta.url);

/** Whether they are there and may be read. Tests that need them are ignored otherwise. */
export function haveCaptures(): boolean {
  try {
    return Deno.permissions.querySync({ name: "read", path: CAPTURES }).state === "granted" &&
      Deno.statSync(CAPTURES).isDirectory;
  } catch {
    return false;
  }
}
