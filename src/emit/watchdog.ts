import type { Clock } from "../qmp/mod.ts";

/** Tells when nothing has gone on for too long. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #bark: () => void;
  #last: number;
  /** Those who wait for the clock or the user, of their own will. */
  #resting = 0;
  #cancel: () => void = () => {};

  /** Calls `bark` once when nothing has gone on for `limitMs`. */
  constructor(clock: Clock, limitMs: number, bark: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#bark = bark;
    this.#last = clock.now();
    this.#arm(limitMs);
  }

  /** Something went on. */
  touch(): void {
    this.#last = this.#clock.now();
  }

  /** Waits for something that is no fault of the target. */
  async rest<T>(wait: Promise<T>): Promise<T> {
    this.#resting++;
    try {
      return await wait;
    } finally {
      this.#resting--;
      this.touch();
    }
  }

  /** It is over. */
  close(): void {
    this.#cancel();
  }

  #arm(ms: number): void {
    this.#cancel = this.#clock.after(ms, () => {
      if (this.#resting > 0) this.touch();
      const left = this.#last + this.#limitMs - this.#clock.now();
      if (left <= 0) this.#bark();
      else this.#arm(left);
    });
  }
}
