import type { EmitPhase, Pace } from "../emit/mod.ts";
import type { Clock } from "../qmp/mod.ts";

/** Asks whether a phase may begin. */
type Gate = (phase: EmitPhase, name: string) => Promise<void>;

/**
 * Knows when bytes are held back on purpose, by a pace or by who steps through the phases: that nothing moves then is no
 * sign of a target that hangs.
 */
export class Holds {
  readonly #clock: Pick<Clock, "now">;
  /** Gates that are closed. */
  #gates = 0;
  /** When the bytes are due that are held back longest. */
  #until = -Infinity;
  #count = 0;

  /** Nothing is held back. */
  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** A number that is another one each time while bytes are held back. */
  count(): number {
    if (this.#gates > 0 || this.#clock.now() < this.#until) this.#count++;
    return this.#count;
  }

  /** The pace, whose holds are noted. */
  paced(pace: Pace): Pace {
    return {
      chunk: pace.chunk,
      due: (bytes, now): number => {
        const at = pace.due(bytes, now);
        if (at > now) this.#until = Math.max(this.#until, this.#clock.now() + at - now);
        return at;
      },
    };
  }

  /** The gate, whose holds are noted. */
  gated(gate: Gate): Gate {
    return async (phase, name): Promise<void> => {
      this.#gates++;
      try {
        await gate(phase, name);
      } finally {
        this.#gates--;
      }
    };
  }
}
