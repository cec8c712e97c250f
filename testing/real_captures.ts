/** Where the captures of real migrations are. Needs nothing of the project, so that a test can be ignored before anything is loaded. @module */

/** The captures of real migrations, beside the project. */
export const CAPTURES: URL = new URL("../../shared/captures/", import.meta.url);

/** Whether they are there and may be read. Tests that need them are ignored otherwise, which `.ci/run` takes for a failure. */
export function haveCaptures(): boolean {
  if (Deno.permissions.querySync({ name: "read", path: CAPTURES }).state !== "granted") return false;
  try {
    return Deno.statSync(CAPTURES).isDirectory;
  } catch {
    return false;
  }
}
