/** Writes the man page: `deno task man` gives `dist/migwire.1`. @module */

import config from "../../deno.json" with { type: "json" };
import { definitionsOf } from "../definitions.ts";
import { COMMANDS } from "../main.ts";
import { manPage } from "./page.ts";

if (import.meta.main) {
  const folder = new URL("../../dist/", import.meta.url);
  Deno.mkdirSync(folder, { recursive: true });
  Deno.writeTextFileSync(new URL("migwire.1", folder), manPage(await definitionsOf(COMMANDS), config.version));
}
