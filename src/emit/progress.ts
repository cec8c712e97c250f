import type { Precondition } from "./plan.ts";
import type { AwaitedMessage } from "./stretch.ts";

/** How far sending has come, and whoever waits for it to go on. */
export class Progress {
  readonly #sent: number[];
  readonly #opened = new Set<number>();
  readonly #messages = new Map<AwaitedMessage, number>();
  #recovered = false;
  #waiting: (() => void)[] = [];

  /** Nothing of so many connections is sent. */
  constructor(connections: number) {
    this.#sent = new Array<number>(connections).fill(0);
  }

  /** Steps of a connection that were handed to the system. */
  sent(connection: number): number {
    return this.#sent[connection] ?? 0;
  }

  /** Whether a connection was opened. */
  isOpened(connection: number): boolean {
    return this.#opened.has(connection);
  }

  /** Messages of a kind that came. */
  messages(message: AwaitedMessage): number {
    return this.#messages.get(message) ?? 0;
  }

  /** One more step of a connection was sent. */
  addSent(connection: number): void {
    this.#sent[connection] = this.sent(connection) + 1;
    this.#ring();
  }

  /** A connection was opened. */
  addOpened(connection: number): void {
    this.#opened.add(connection);
    this.#ring();
  }

  /** A message came. */
  addMessage(message: AwaitedMessage): void {
    this.#messages.set(message, this.messages(message) + 1);
    this.#ring();
  }

  /** The target listens again, after postcopy was interrupted. */
  addRecovery(): void {
    this.#recovered = true;
    this.#ring();
  }

  /** The first of these that does not hold yet. */
  missing(preconditions: readonly Precondition[]): Precondition | undefined {
    return preconditions.find((precondition) => !this.#holds(precondition));
  }

  /** Settled when something has changed, or `signal` is aborted. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        signal.removeEventListener("abort", done);
        resolve();
      };
      signal.addEventListener("abort", done);
      this.#waiting.push(done);
    });
  }

  #holds(precondition: Precondition): boolean {
    switch (precondition.kind) {
      case "sent":
        return this.sent(precondition.connection) >= precondition.steps;
      case "opened":
        return this.isOpened(precondition.connection);
      case "message":
        return this.messages(precondition.message) >= precondition.count;
      case "recovery":
        return this.#recovered;
    }
  }

  #ring(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
