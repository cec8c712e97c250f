/**
 * The entry points of the library that run on Node, too: they open nothing, and use nothing of Deno.
 *
 * @type {readonly string[]}
 */
export const NODE_ENTRY_POINTS = [
  "check",
  "compat",
  "diff",
  "forge",
  "inspect",
  "load",
  "memory",
  "records",
  "report",
  "stream",
  "web",
  "wire",
];
