/**
 * Run by Node: prints what the library, as `deno task bundle:library` writes it, says of captures.
 *
 *     node read_captures.js LIBRARY CAPTURE...
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { libraryOf, summaries } from "./summary.js";

const [folder, ...captures] = process.argv.slice(2);
// As whoever has it for a package: by what it says of itself.
const { exports } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
const library = await libraryOf((name) => import(pathToFileURL(`${folder}/${exports[`./${name}`]}`).href));
for await (const line of summaries(library, captures)) {
  if (!process.stdout.write(`${line}\n`)) await new Promise((resolve) => process.stdout.once("drain", resolve));
}
