/** Runs programs that may never end. @module */

/** What a program may take. */
export interface Limits {
  /** Seconds of processor time. */
  readonly processor: number;
  /** Seconds on the clock, for what waits and does nothing; other programs make it long, too. */
  readonly clock: number;
  /** Bytes of memory. */
  readonly memory: number;
}

/** How a program ended. */
export interface Ended {
  /** Its exit code; none if it was stopped. */
  readonly code?: number;
  /** The limit for which it was stopped. */
  readonly over?: keyof Limits;
  /** What it wrote. */
  readonly output: string;
  /** The most memory that it was seen with, in bytes. */
  readonly memory: number;
}

/** Milliseconds between looks. */
const INTERVAL = 300;

/** Clock ticks a second and bytes a page, as Linux counts for programs on all that Deno runs on. */
const TICKS = 100;
const PAGE = 4096;

/** Runs a program to its end or to a limit. Needs Linux, where `/proc` says what it takes. */
export async function runWatched(command: Deno.Command, limits: Limits): Promise<Ended> {
  const start = performance.now();
  const child = command.spawn();
  let memory = 0;
  let over: keyof Limits | undefined;
  const ended = child.output();
  while (await Promise.race([ended.then(() => false), delay(INTERVAL)])) {
    const used = await usageOf(child.pid);
    memory = Math.max(memory, used.memory);
    over ??= (["processor", "memory"] as const).find((key) => used[key] > limits[key]);
    if ((performance.now() - start) / 1000 > limits.clock) over ??= "clock";
    if (over !== undefined) break;
  }
  if (over !== undefined) kill(child);
  const { code, stdout, stderr } = await ended;
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return { output, memory, ...(over === undefined ? { code } : { over }) };
}

async function usageOf(pid: number): Promise<Pick<Limits, "processor" | "memory">> {
  // Deno reads nothing in /proc itself without every permission.
  const { stdout } = await new Deno.Command("cat", { args: [`/proc/${pid}/stat`], stderr: "null" }).output();
  // The name in parentheses may have spaces; behind it the third field is next. Nothing at all if it has just ended.
  const stat = new TextDecoder().decode(stdout);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const field = (number: number): number => fields[number - 3] ?? 0;
  return { processor: (field(14) + field(15)) / TICKS, memory: field(24) * PAGE };
}

/** Gives true after so many milliseconds. */
function delay(milliseconds: number): Promise<true> {
  return new Promise((resolve) => setTimeout(() => resolve(true), milliseconds));
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    // It has ended by itself.
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
