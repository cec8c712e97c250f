/**
 * Run by Node: prints what the library, as `deno task bundle:library` writes it, says of captures.
 *
 *     node read_captures.js LIBRARY CAPTURE...
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { libraryOf, summaries } from "./summary.js";

const [folder, ...captures] = process.argv.slice(2);
const library = await libraryOf((name) => import(pathToFileURL(`${folder}/${name}.js`).href));
for await (const line of summaries(library, captures)) {
  if (!process.stdout.write(`${line}\n`)) await new Promise((resolve) => process.stdout.once("drain", resolve));
}
