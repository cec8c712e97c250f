/** The unpacking worker as a module, so that what it runs counts as covered; it says when it would end. @module */
/// <reference lib="deno.worker" />
import { unpackWorker } from "./worker.ts";

Object.assign(globalThis, { close: () => self.postMessage("ended") });
unpackWorker();
