/**
 * Starts a program as a QEMU and stops it, with the permissions that this program has. Its arguments: the folder for the
 * private one, the system's if empty, and the command. Says how it went.
 *
 * @module
 */

import { SpawnedQemu, SpawnError } from "./mod.ts";

if (import.meta.main) {
  const [parent = "", ...argv] = Deno.args;
  try {
    const { signal } = new AbortController();
    const qemu = await SpawnedQemu.start({ argv, recorded: false, signal, ...(parent === "" ? {} : { parent }) });
    await qemu.stop();
    console.log(JSON.stringify({ pid: qemu.pid }));
  } catch (error) {
    if (!(error instanceof SpawnError)) throw error;
    const { code, message, hint } = error;
    console.log(JSON.stringify({ code, message, hint }));
  }
}
