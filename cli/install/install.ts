/**
 * Installs migwire: `deno task install [--root DIR]`. Below DIR it puts `bin/migwire`, the launcher; `lib/migwire`, the
 * bundle; the man page and the completions. DIR is `$DENO_INSTALL_ROOT`, or `.deno` in the home folder, if not given.
 *
 * @module
 */

import { resolve } from "node:path";
import { parseArgs } from "@std/cli/parse-args";
import config from "../../deno.json" with { type: "json" };
import { bashCompletions } from "../completions/bash.ts";
import { fishCompletions } from "../completions/fish.ts";
import { zshCompletions } from "../completions/zsh.ts";
import { definitionsOf } from "../definitions.ts";
import { COMMANDS } from "../main.ts";
import { manPage } from "../man/page.ts";
import { launcherText } from "./launcher.ts";

/** The project. */
const PROJECT = new URL("../../", import.meta.url);

/** Makes the bundle in a folder. */
async function bundle(folder: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--code-splitting", "--outdir", folder, "cli/main.ts"],
    cwd: PROJECT,
  }).output();
  if (!success) throw new Error(`Cannot bundle migwire: ${new TextDecoder().decode(stderr)}`);
}

/** Writes a file below the root, with the folders that it is in. */
function put(root: string, path: string, text: string, mode = 0o644): void {
  const file = `${root}/${path}`;
  Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
  // What is there may be running: it is replaced, not overwritten.
  Deno.writeTextFileSync(`${file}.new`, text, { mode });
  Deno.renameSync(`${file}.new`, file);
}

/** Installs migwire below `root`; gives the launcher's path. */
export async function install(root: string): Promise<string> {
  const library = `${root}/lib/migwire`;
  await Deno.mkdir(`${root}/lib`, { recursive: true });
  const made = await Deno.makeTempDir({ dir: `${root}/lib`, prefix: ".migwire-" });
  try {
    await bundle(made);
    await Deno.chmod(made, 0o755);
    remove(library);
    await Deno.rename(made, library);
  } finally {
    remove(made);
  }
  const definitions = await definitionsOf(COMMANDS);
  const { version } = config;
  put(root, "share/man/man1/migwire.1", manPage(definitions, version));
  put(root, "share/bash-completion/completions/migwire", bashCompletions(definitions));
  put(root, "share/zsh/site-functions/_migwire", zshCompletions(definitions));
  put(root, "share/fish/vendor_completions.d/migwire.fish", fishCompletions(definitions));
  const launcher = { definitions, bundle: `${library}/main.js`, deno: Deno.execPath(), version };
  put(root, "bin/migwire", launcherText(launcher), 0o755);
  return `${root}/bin/migwire`;
}

function remove(folder: string): void {
  try {
    Deno.removeSync(folder, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function rootOf(args: readonly string[]): string {
  const { root, _: rest } = parseArgs([...args], { string: ["root"] });
  if (rest.length > 0 || root === "") throw new Error("Usage: deno task install [--root DIR]");
  // A task runs in the project, whoever starts it elsewhere means a folder there.
  if (root !== undefined) return resolve(Deno.env.get("INIT_CWD") ?? ".", root);
  const home = Deno.env.get("DENO_INSTALL_ROOT") ?? `${Deno.env.get("HOME") ?? ""}/.deno`;
  if (home === "/.deno") throw new Error("Cannot tell where to install: give --root DIR");
  return resolve(home);
}

if (import.meta.main) {
  try {
    console.log(`installed ${await install(rootOf(Deno.args))}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
