/** Writes the man page: `deno task man` gives `dist/migwire.1`; another file can be named. @module */

import config from "../../deno.json" with { type: "json" };
import { definitionsOf } from "../definitions.ts";
import { COMMANDS } from "../main.ts";
import { manPage } from "./page.ts";

if (import.meta.main) {
  const usual = new URL("../../dist/migwire.1", import.meta.url);
  const [path = usual] = Deno.args;
  if (path === usual) Deno.mkdirSync(new URL(".", usual), { recursive: true });
  Deno.writeTextFileSync(path, manPage(await definitionsOf(COMMANDS), config.version));
}
