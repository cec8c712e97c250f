/** `migwire export` as a process of its own, so that it can be killed and its memory measured. @module */

const MAIN = new URL("../../cli/main.ts", import.meta.url).pathname;

/** How the process ended. */
export interface Ended {
  /** It ended by itself, well. */
  readonly success: boolean;
  /** Most memory that was resident, MiB. */
  readonly peakMiB: number;
  /** From start to end. */
  readonly seconds: number;
  /** What it said. */
  readonly text: string;
}

/**
 * Runs the command with these arguments.
 *
 * @param killWhen Asked all the time; when it says so, the process is killed, and cannot tidy up.
 */
export async function runExport(args: readonly string[], killWhen: () => boolean = () => false): Promise<Ended> {
  const begin = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-read", "--allow-write", MAIN, "export", ...args],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let peakMiB = 0;
  let isOver = false;
  const output = child.output().finally(() => isOver = true);
  while (!isOver) {
    peakMiB = Math.max(peakMiB, await residentPeak(child.pid));
    if (killWhen()) {
      child.kill("SIGKILL");
      break;
    }
    await Promise.race([output, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  const { success, stdout, stderr } = await output;
  const decoder = new TextDecoder();
  const text = decoder.decode(stdout) + decoder.decode(stderr);
  return { success, peakMiB, seconds: (performance.now() - begin) / 1000, text };
}

/** Most memory that a process had resident so far, MiB; 0 when it has gone. Deno itself may not read it. */
async function residentPeak(pid: number): Promise<number> {
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/status`], stderr: "null" }).output();
  const [, kilobytes = "0"] = /^VmHWM:\s+(\d+) kB$/m.exec(new TextDecoder().decode(stdout)) ?? [];
  return Number(kilobytes) / 1024;
}
