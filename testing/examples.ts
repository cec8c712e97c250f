/** Runs the examples as their README shows them. @module */

import { consoleExamples } from "./readme.ts";

const ROOT = new URL("..", import.meta.url);

/** The README of the examples. */
export const README: URL = new URL("../examples/README.md", import.meta.url);

/** What a program printed. */
export interface Printed {
  /** Its standard output. */
  readonly out: string;
  /** Its standard error. */
  readonly err: string;
  /** Its exit status. */
  readonly code: number;
}

/** The commands of the README, and what it says that they print. */
export function shownCommands(): readonly { readonly command: string; readonly output: string }[] {
  return consoleExamples(Deno.readTextFileSync(README));
}

/** The command that the README shows for the example of this name. */
export function shownCommand(name: string): string {
  const shown = shownCommands().find(({ command }) => command.includes(` examples/${name}.ts`));
  if (shown === undefined) throw new Error(`Cannot run ${name}: the README does not show it`);
  return shown.command;
}

/** Starts a command of the README, with `folder` in the place of `/tmp`, and with `env` besides. */
export async function start(
  command: string,
  folder: string,
  env: { readonly [name: string]: string } = {},
): Promise<Printed> {
  const [program, ...args] = command.replaceAll("/tmp", folder).split(" ");
  if (program !== "deno") throw new Error(`Cannot run ${program}: examples are run with deno`);
  const options = { args, cwd: ROOT, env: { NO_COLOR: "1", ...env }, stdin: "null" } as const;
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), options).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes).replaceAll(folder, "/tmp");
  return { out: text(stdout), err: text(stderr), code };
}

/** Runs `use` with a folder that is there only as long. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "migwire-examples-" });
  try {
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  let readme = Deno.readTextFileSync(README);
  for (const { command, output } of shownCommands()) {
    // The one that needs a QEMU is none of these.
    if (!command.startsWith("deno ")) continue;
    const { out, err } = await withFolder((folder) => start(command, folder));
    readme = readme.replace(`$ ${command}\n${output}`, () => `$ ${command}\n${out}${err}`);
  }
  Deno.writeTextFileSync(README, readme);
}
