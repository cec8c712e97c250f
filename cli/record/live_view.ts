import type { ChannelStatus, RecordStatus } from "../../src/record/mod.ts";
import { formatBytes, type Output, printable } from "../terminal.ts";
import { PHASES } from "./notice_text.ts";

/** Often enough to seem alive. */
const INTERVAL_MS = 250;

/** Columns that any terminal has. */
const WIDTH = 79;

/** Channels that are shown. */
const SHOWN = 12;

/** Clears from the cursor to the end of the screen. */
const CLEAR = "\x1b[J";

/**
 * Lines for what happened, and below them, on a terminal, how it is now, painted again and again.
 */
export class LiveView {
  readonly #output: Output;
  readonly #clock: () => number;
  #painted = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #status: (() => RecordStatus) | undefined;
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

  /** Shows how it is, from now on. */
  show(status: () => RecordStatus): void {
    if (!this.#output.isTerminal) return;
    this.#status = status;
    this.#timer = setInterval(() => this.repaint(), INTERVAL_MS);
    this.#paint();
  }

  /** Shows how it is now. */
  repaint(): void {
    this.#erase();
    this.#paint();
  }

  /** Only what was said stays. */
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
    const status = this.#status();
    const lines = statusLines(status, this.#measure(status.bytes)).map((line) => line.slice(0, WIDTH));
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

/**
 * How a recording is, as lines.
 *
 * @param rate Bytes a second.
 */
export function statusLines({ phase, bytes, devices, channels }: RecordStatus, rate: number): string[] {
  const latest = devices.at(-1);
  const seen = latest === undefined ? "" : `, ${devices.length} devices, the last ${printable(latest)}`;
  const more = channels.length - SHOWN;
  return [
    `${PHASES[phase]}: ${formatBytes(bytes)}, ${formatBytes(Math.round(rate))}/s${seen}`,
    ...channels.slice(0, SHOWN).map(channelLine),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function channelLine({ connection, direction, label, bytes }: ChannelStatus): string {
  return `  ${String(connection).padStart(2)} ${direction} ${label.padEnd(12)} ${formatBytes(bytes).padStart(10)}`;
}
