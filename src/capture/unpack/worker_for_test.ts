/** The unpacking worker as a module, so that what it runs counts as covered; it says when it would end. @module */
/// <reference lib="deno.worker" />
import { unpackWorker } from "./worker.ts";

// The runner of tests loads it too, for its name; there it is no worker.
if ("postMessage" in globalThis) {
  Object.assign(globalThis, { close: () => self.postMessage("ended") });
  unpackWorker();
}
