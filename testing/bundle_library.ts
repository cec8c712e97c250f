/**
 * Writes the entry points that run on Node as a package, into `dist/library`: a module for each, and what they share.
 * `deno task bundle:library`.
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };
import { NODE_ENTRY_POINTS } from "./node/entry_points.js";

const ROOT = new URL("..", import.meta.url);
const FOLDER = new URL("dist/library/", ROOT);

const args = [
  ...["bundle", "--quiet", "--platform", "browser", "--code-splitting", "--outdir", FOLDER.pathname],
  ...NODE_ENTRY_POINTS.map((name) => `src/public/${name}.ts`),
];
await Deno.remove(FOLDER, { recursive: true }).catch(() => {});
const { success } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdout: "null" }).spawn().status;
if (!success) Deno.exit(1);
const { name, version, license } = config;
const manifest = {
  name,
  version,
  license,
  type: "module",
  engines: { node: ">=20" },
  exports: Object.fromEntries(NODE_ENTRY_POINTS.map((name) => [`./${name}`, `./${name}.js`])),
};
await Deno.writeTextFile(new URL("package.json", FOLDER), `${JSON.stringify(manifest, undefined, 2)}\n`);
