import type { ChannelReader, Grammar } from "../src/stream/mod.ts";
import type { BaseRecord } from "../src/stream/record.ts";

/** A place in a channel that a grammar has come to. */
export interface Standing {
  /** The grammar, after all steps before `at`. */
  readonly grammar: Grammar;
  /** Channel offset of its next step. */
  readonly at: number;
  /**
   * The record before it, where that is not finished: a run of pages that ends at `at` and may grow, or a record whose
   * payload is passing by.
   */
  readonly open?: BaseRecord;
}

/**
 * A grammar in the middle of a channel, for a fresh `ChannelParser`: the parser is told to pass over everything before,
 * and stands then where one stands that has read it. Since a step that lacks bytes leaves its grammar unchanged, one
 * grammar can be shown many endings of the channel.
 */
export class Resumed implements Grammar {
  /** Steps that the grammar has completed since. */
  steps = 0;
  /** What the grammar works on, after the first step. */
  reader: ChannelReader | undefined;
  readonly #standing: Standing;
  /** What must be brought back before the grammar goes on. */
  #restore: (reader: ChannelReader) => boolean = this.#before;

  /** Goes on from `standing`. */
  constructor(standing: Standing) {
    this.#standing = standing;
  }

  /** Channel offset from which on the parser needs the bytes; what is before is only counted. */
  get from(): number {
    return this.#standing.open?.offset ?? this.#standing.at;
  }

  /** What comes next. */
  get expecting(): string {
    return this.#standing.grammar.expecting;
  }

  /** Whether the channel may end here. */
  get complete(): boolean {
    return this.#standing.grammar.complete;
  }

  /** As the grammar says. */
  qemuAtCut(begun: Uint8Array, length: number): string | null | undefined {
    return this.#standing.grammar.qemuAtCut?.(begun, length);
  }

  /** Brings back what was before, then lets the grammar read. */
  step(reader: ChannelReader): void {
    this.reader = reader;
    if (this.#restore(reader)) return;
    this.#standing.grammar.step(reader);
    if (reader.lacking === 0) this.steps++;
  }

  #before(reader: ChannelReader): boolean {
    this.#restore = this.#unfinished;
    const length = this.from;
    if (length === 0) return this.#unfinished(reader);
    reader.pass({ kind: "before", offset: 0, length, payload: { offset: 0, length } });
    return true;
  }

  #unfinished(reader: ChannelReader): boolean {
    this.#restore = () => false;
    const { open } = this.#standing;
    if (open === undefined) return false;
    reader.decoder.pos += open.length - (open.payload?.length ?? 0);
    if (open.payload === undefined) reader.hold({ ...open });
    else reader.pass(open);
    return true;
  }
}
