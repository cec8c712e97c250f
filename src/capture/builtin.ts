/**
 * Modules of the runtime that are seldom needed and take longer to load than a small capture takes to read: they are
 * loaded when they are used.
 *
 * @module
 */

import type * as crypto from "node:crypto";
import type * as zlib from "node:zlib";

/** `node:crypto`. */
export function nodeCrypto(): typeof crypto {
  return process.getBuiltinModule("node:crypto");
}

/** `node:zlib`. */
export function nodeZlib(): typeof zlib {
  return process.getBuiltinModule("node:zlib");
}
