import { type Output, printable } from "./terminal.ts";

/** Often enough to seem alive. */
const INTERVAL_MS = 250;

/** Columns that any terminal has. */
const WIDTH = 79;

/** Clears from the cursor to the end of the screen. */
const CLEAR = "\x1b[J";

/**
 * How it is now, as lines that are safe to print.
 *
 * @param rate Gives bytes a second, of a sum of bytes.
 */
export type LiveStatus = (rate: (bytes: number) => number) => readonly string[];

/**
 * Lines for what happened, and below them, on a terminal, how it is now, painted again and again.
 */
export class LiveView {
  readonly #output: Output;
  readonly #clock: () => number;
  #painted = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #status: LiveStatus | undefined;
  #last: { readonly time: number; readonly bytes: number } | undefined;
  #rate = 0;

  /** A view on `output`; `clock` gives milliseconds. */
  constructor(output: Output, clock: () => number = () => performance.now()) {
    this.#output = output;
    this.#clock = clock;
  }

  /** Says something. */
  line(text: string): void {
    this.#erase();
    this.#output.line(printable(text));
    this.#paint();
  }

  /** Says lines that are safe to print, and may have styles. */
  styled(lines: readonly string[]): void {
    this.#erase();
    for (const line of lines) this.#output.line(line);
    this.#paint();
  }

  /** Shows how it is, from now on. */
  show(status: LiveStatus): void {
    if (!this.#output.isTerminal) return;
    this.close();
    this.#status = status;
    this.#timer = setInterval(() => this.repaint(), INTERVAL_MS);
    this.#paint();
  }

  /** Shows how it is now. */
  repaint(): void {
    this.#erase();
    this.#paint();
  }

  /** Does not show how it is any more: only what was said stays. */
  close(): void {
    clearInterval(this.#timer);
    this.#erase();
    this.#status = undefined;
  }

  #erase(): void {
    if (this.#painted > 0) this.#output.write(`\x1b[${this.#painted}A\r${CLEAR}`);
    this.#painted = 0;
  }

  #paint(): void {
    if (this.#status === undefined) return;
    const lines = this.#status((bytes) => this.#measure(bytes)).map((line) => line.slice(0, WIDTH));
    this.#output.write(lines.map((line) => `${line}\n`).join(""));
    this.#painted = lines.length;
  }

  /** Measures bytes a second, over an interval at least. */
  #measure(bytes: number): number {
    const now = this.#clock();
    const last = this.#last ?? { time: now, bytes };
    const elapsed = now - last.time;
    if (elapsed >= INTERVAL_MS) this.#rate = (bytes - last.bytes) * 1000 / elapsed;
    if (elapsed >= INTERVAL_MS || this.#last === undefined) this.#last = { time: now, bytes };
    return this.#rate;
  }
}
