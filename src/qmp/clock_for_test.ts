import type { Clock } from "./clock.ts";

/** A clock that a test turns. */
export class TurnedClock implements Clock {
  #now = 0;
  #next = 0;
  readonly #alarms = new Map<number, { readonly at: number; readonly then: () => void }>();

  /** Alarms that are set. */
  get alarms(): number {
    return this.#alarms.size;
  }

  /** The time. */
  now(): number {
    return this.#now;
  }

  /** Sets an alarm. */
  after(ms: number, then: () => void): () => void {
    const key = this.#next++;
    this.#alarms.set(key, { at: this.#now + ms, then });
    return () => void this.#alarms.delete(key);
  }

  /** Lets time go on; alarms ring in their order, each when what the one before began has settled. */
  async turn(ms: number): Promise<void> {
    const end = this.#now + ms;
    while (true) {
      await settle();
      const [key, alarm] = [...this.#alarms].toSorted(([, a], [, b]) => a.at - b.at)[0] ?? [];
      if (key === undefined || alarm === undefined || alarm.at > end) break;
      this.#now = Math.max(this.#now, alarm.at);
      this.#alarms.delete(key);
      alarm.then();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve();
}
