/** QEMU's own `analyze-migration.py`, which reads a plain main channel. @module */

/** What the script makes of a value: `0x0010 (-5)`, `01 ff`, a bool, a text; or a structure, or several in a row. */
export type Analysed = string | boolean | readonly Analysed[] | { readonly [name: string]: Analysed };

/** What the script says of a stream. */
export interface Analysis {
  /** Its sections, by `name (id)`. */
  readonly sections: { readonly [section: string]: { readonly [name: string]: Analysed } };
}

/** Where the script is, out of Debian's sources of QEMU. */
export async function scriptPath(): Promise<string> {
  const get = new URL("../get-qemus.sh", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command("bash", { args: [get, "analyze-migration"] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).trim().split("=").at(-1) ?? "";
}

/**
 * Lets the script take the stream in `file` apart, and put the blocks of RAM and `state.json` into `folder`.
 *
 * @returns What it says, or why it cannot: the error that it ends with.
 */
export async function analyse(script: string, file: string, folder: string): Promise<Analysis | string> {
  const run = new Deno.Command("python3", { args: [script, "-x", "-f", file], cwd: folder });
  const { success, stderr } = await run.output();
  if (success) return { sections: JSON.parse(await Deno.readTextFile(`${folder}/state.json`)) };
  // The first of its errors is the cause; the last only shows the description again.
  const errors = new TextDecoder().decode(stderr).split("\n").filter((line) => /^\w*(Error|Exception)\b/.test(line));
  return errors[0] ?? "it says nothing";
}
