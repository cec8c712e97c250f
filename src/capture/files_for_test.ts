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

/** Whether the program `name` is there and may be run. Tests that need it are ignored otherwise. */
export function haveProgram(name: string): boolean {
  if (Deno.permissions.querySync({ name: "run", command: name }).state !== "granted") return false;
  try {
    return new Deno.Command(name, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}
