/** QEMUs that look nowhere but beside themselves for their modules. @module */

import type { Qemu } from "./vm.ts";

/** What `../get-qemus.sh` writes into the starter of a QEMU. */
const MODULE_DIR = /QEMU_MODULE_DIR="\$root\/([^"]*)"/;

/** Where the QEMU that is installed on this machine has its modules. */
const INSTALLED = "/usr/lib/x86_64-linux-gnu/qemu";

/**
 * To write a dump, QEMU loads all modules that it knows of, and ends on an assertion where it finds those of another one. A
 * QEMU that was unpacked without some of its modules finds those of the installed one: they are hidden from it by files of
 * their names that are none.
 *
 * @returns The same QEMU, with a starter in `folder`.
 */
export async function withOwnModules({ version, path }: Qemu, folder: string): Promise<Qemu> {
  const starter = await Deno.readTextFile(path);
  const root = path.slice(0, path.lastIndexOf("/"));
  const own = MODULE_DIR.exec(starter)?.[1];
  if (own === undefined) return { version, path };
  const modules = `${folder}/modules-${version}`;
  await Deno.mkdir(modules);
  const names = new Set<string>();
  for await (const { name } of Deno.readDir(`${root}/${own}`)) {
    names.add(name);
    await Deno.symlink(`${root}/${own}/${name}`, `${modules}/${name}`);
  }
  for (const name of await namesIn(INSTALLED)) if (!names.has(name)) await Deno.writeTextFile(`${modules}/${name}`, "");
  const there = `${folder}/qemu-${version}`;
  const text = starter.replace(MODULE_DIR, `QEMU_MODULE_DIR="${modules}"`).replace(/^root=.*$/m, `root=${root}`);
  await Deno.writeTextFile(there, text, { mode: 0o755 });
  return { version, path: there };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
