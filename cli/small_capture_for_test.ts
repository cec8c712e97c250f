/** The small capture of `testdata`, for tests of commands that write files. @module */

import { canWrite } from "../src/capture/files_for_test.ts";

/** Its path. */
export const SMALL: string = new URL("../testdata/vfio-multifd-2", import.meta.url).pathname;

/** Whether it may be read, and a temporary folder made. Tests that need both are ignored otherwise. */
export function canReadAndWrite(): boolean {
  return Deno.permissions.querySync({ name: "read", path: SMALL }).state === "granted" && canWrite();
}
