/**
 * The barrier between the main channel and the multifd channels (destination-engine.md A.6): each channel reports a SYNC
 * and sleeps; the main channel takes a report from each, then wakes them all. QEMU counts reports, not channels.
 */
export class Barrier {
  readonly #channels: number;
  readonly #asleep = new Set<number>();
  #reports = 0;
  #mainWaits = false;
  /** Barriers that were passed. */
  passed = 0;

  /** A barrier for so many channels. */
  constructor(channels: number) {
    this.#channels = channels;
  }

  /** The main channel stands at it. */
  get mainWaits(): boolean {
    return this.#mainWaits;
  }

  /** Whether a channel sleeps until the main channel comes. */
  isAsleep(channel: number): boolean {
    return this.#asleep.has(channel);
  }

  /** Channels that sleep. */
  get asleep(): readonly number[] {
    return [...this.#asleep];
  }

  /** The main channel comes to it. */
  reach(): void {
    this.#mainWaits = true;
    this.#release();
  }

  /** A channel had a SYNC. */
  report(channel: number): void {
    this.#asleep.add(channel);
    this.#reports++;
    this.#release();
  }

  #release(): void {
    if (!this.#mainWaits || this.#reports < this.#channels) return;
    this.#reports -= this.#channels;
    this.#asleep.clear();
    this.#mainWaits = false;
    this.passed++;
  }
}
