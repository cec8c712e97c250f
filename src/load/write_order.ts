/**
 * Which of two writes to one page comes later. Channels are read one after the other, but load side by side; only
 * barriers order them (destination-engine.md B.9).
 *
 * @module
 */

/** When a page is written. */
export interface WriteOrder {
  /** Barriers before it, plus 1. What stands in a later interval is loaded later, whichever channel it is on. */
  readonly interval: number;
  /** Place of its channel in the schedule of an interval, from 1 on. Connections that follow each other share one. */
  readonly rank: number;
}

/** The postcopy phase is one interval, after all others: no barrier orders main and preempt channel. */
export const POSTCOPY_INTERVAL = 0xffff_ffff;

/** Ranks fit into 16 bits: those of more channels than that count as one. */
export const LAST_RANK = 0xffff;

/** Counts the intervals of a channel. */
export class IntervalClock {
  #barriers = 0;
  #postcopy = false;

  /** The interval now. */
  get interval(): number {
    return this.#postcopy ? POSTCOPY_INTERVAL : Math.min(this.#barriers + 1, POSTCOPY_INTERVAL - 1);
  }

  /** Barriers so far. */
  get barriers(): number {
    return this.#barriers;
  }

  /** A barrier stands here; in postcopy there is none. */
  barrier(): void {
    if (!this.#postcopy) this.#barriers++;
  }

  /** The postcopy phase begins. */
  beginPostcopy(): void {
    this.#postcopy = true;
  }
}
