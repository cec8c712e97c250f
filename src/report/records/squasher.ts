import { joinSpans, spanOf } from "./page_span.ts";
import type { RecordLine } from "./line.ts";

/** Joins lines of pages that follow each other in the stream and are alike; hands the others through. */
export class Squasher {
  readonly #sink: (line: RecordLine) => void;
  #held: RecordLine | undefined;

  /** A squasher whose lines go to `sink`. */
  constructor(sink: (line: RecordLine) => void) {
    this.#sink = sink;
  }

  /** Takes the next line. */
  add(line: RecordLine): void {
    const joined = this.#held === undefined ? undefined : join(this.#held, line);
    if (joined === undefined) this.flush();
    const next = joined ?? line;
    if (spanOf(next.record) === undefined) this.#sink(next);
    else this.#held = next;
  }

  /** Hands out the line that the next one might have been joined with. */
  flush(): void {
    if (this.#held !== undefined) this.#sink(this.#held);
    this.#held = undefined;
  }
}

function join(a: RecordLine, b: RecordLine): RecordLine | undefined {
  // Only neighbours: what a filter left out between them must not seem to be part of the line.
  if (a.kind !== b.kind || a.channel !== b.channel || a.depth !== b.depth || a.offset + a.length !== b.offset) {
    return undefined;
  }
  const [first, second] = [a.squashed ?? spanOf(a.record), spanOf(b.record)];
  const squashed = first === undefined || second === undefined ? undefined : joinSpans(first, second);
  return squashed === undefined ? undefined : { ...a, length: a.length + b.length, squashed };
}
