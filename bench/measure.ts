/** Runs programs and measures them. @module */

/** A program to be measured. */
export interface Program {
  /** What it is called in the result. */
  readonly name: string;
  /** Path, or name to be found in PATH. */
  readonly command: string;
  /** Its arguments. */
  readonly args: readonly string[];
}

/** One run of a program. */
export interface Measured {
  /** From start to end, seconds. */
  readonly seconds: number;
  /** Most memory that was resident, MiB; undefined where GNU time is not installed. */
  readonly peakMiB: number | undefined;
}

/** The runs of one program together. */
export interface Summary {
  /** What it is called. */
  readonly name: string;
  /** Seconds. */
  readonly median: number;
  /** Seconds of the fastest run. */
  readonly fastest: number;
  /** Seconds of the slowest run. */
  readonly slowest: number;
  /** Of the median run, where something of known size was read. */
  readonly gibPerSecond?: number;
  /** Most memory that any run had resident, MiB. */
  readonly peakMiB?: number;
}

const TIME = "/usr/bin/time";

/** Runs a program once, its output thrown away. Throws if it fails. */
export function measure({ name, command, args }: Program): Measured {
  const timed = hasTime();
  const [first, ...rest] = timed ? [TIME, "-f", "%M", command, ...args] : [command, ...args];
  const start = performance.now();
  const { success, stderr } = new Deno.Command(first ?? command, { args: rest, stdout: "null", stderr: "piped" })
    .outputSync();
  const seconds = (performance.now() - start) / 1000;
  const text = new TextDecoder().decode(stderr).trim();
  if (!success) throw new Error(`Cannot measure ${name}: ${text}`);
  const kilobytes = Number(text.split("\n").at(-1));
  return { seconds, peakMiB: timed && kilobytes > 0 ? kilobytes / 1024 : undefined };
}

function hasTime(): boolean {
  try {
    return Deno.statSync(TIME).isFile;
  } catch {
    return false;
  }
}

/** Sums up the runs of a program, of which there must be some; `size` is what each read, bytes. */
export function summarise(name: string, runs: readonly Measured[], size?: number): Summary {
  const seconds = runs.map((run) => run.seconds).sort((a, b) => a - b);
  const at = (index: number): number => seconds[index] ?? NaN;
  const middle = (seconds.length - 1) / 2;
  const median = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2;
  const peaks = runs.map((run) => run.peakMiB).filter((peak) => peak !== undefined);
  return {
    name,
    median,
    fastest: at(0),
    slowest: at(seconds.length - 1),
    ...(size === undefined ? {} : { gibPerSecond: size / 2 ** 30 / median }),
    ...(peaks.length === 0 ? {} : { peakMiB: Math.max(...peaks) }),
  };
}

/** How many times as fast a program is as another, by the medians. */
export function ratio(summary: Summary, reference: Summary): number {
  return reference.median / summary.median;
}
