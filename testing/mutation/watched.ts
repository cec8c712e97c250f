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
const INTERVAL = 200;

/** Clock ticks a second and bytes a page, as Linux counts for programs on all that Deno runs on. */
const TICKS = 100;
const PAGE = 4096;

/** Runs a program to its end or to a limit. Needs Linux, where `/proc` says what it takes. */
export async function runWatched(command: Deno.Command, limits: Limits): Promise<Ended> {
  const start = performance.now();
  const child = command.spawn();
  let memory = 0;
  let over: keyof Limits | undefined;
  const timer = setInterval(() => {
    const used = usageOf(child.pid);
    if (used === undefined) return;
    const clock = (performance.now() - start) / 1000;
    memory = Math.max(memory, used.memory);
    over ??= (["processor", "memory"] as const).find((key) => used[key] > limits[key]);
    if (clock > limits.clock) over ??= "clock";
    if (over !== undefined) child.kill("SIGKILL");
  }, INTERVAL);
  const { code, stdout, stderr } = await child.output();
  clearInterval(timer);
  const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return { output, memory, ...(over === undefined ? { code } : { over }) };
}

function usageOf(pid: number): Pick<Limits, "processor" | "memory"> | undefined {
  try {
    // The name in parentheses may have spaces; behind it the third field is next.
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
    const field = (number: number): number => fields[number - 3] ?? 0;
    return { processor: (field(14) + field(15)) / TICKS, memory: field(24) * PAGE };
  } catch {
    // It has just ended.
    return undefined;
  }
}
