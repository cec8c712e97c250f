/** Programs that a gate needs, and installs from Debian where they are missing. @module */

/**
 * Runs a program to its end.
 *
 * @returns What it wrote to standard output.
 * @throws With what it wrote to standard error, if it fails.
 */
export async function command(name: string, ...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(name, { args: [...args] }).output();
  if (!success) throw new Error(`${name} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

/** Installs a program from the package of its name, if it is not there. */
export async function needProgram(name: string): Promise<void> {
  try {
    await command(name, "--version");
  } catch {
    await command("apt-get", "-q", "-y", "update");
    const install = ["apt-get", "-q", "-y", "--no-install-recommends", "install", name];
    await command("env", "DEBIAN_FRONTEND=noninteractive", ...install);
  }
}
