/** An emission into memory, for tests. @module */

import { assert, assertEquals } from "@std/assert";
import { TurnedClock } from "../qmp/clock_for_test.ts";
import { Emission } from "./emission.ts";
import type { EmitNotice, EmitOptions, EmitResult } from "./emit_options.ts";
import type { EmitPlan } from "./plan.ts";
import { idle, noise, NotingTap, planOf } from "./plan_for_test.ts";
import { MemoryTarget, type MemoryTargetOptions } from "./target_for_test.ts";

/** Three connections: the second one waits for the first, and the first for that. */
export const THREE = planOf([
  {
    steps: [
      { bytes: noise(700, 1), phase: "setup", name: "setup" },
      { bytes: noise(3000, 2), after: [{ kind: "sent", connection: 1, steps: 2 }], phase: "devices", name: "devices" },
      { bytes: noise(10, 3), phase: "end", name: "EOF" },
    ],
  },
  {
    steps: [
      { bytes: noise(64, 4), name: "initial packet" },
      { bytes: noise(5000, 5), after: [{ kind: "sent", connection: 0, steps: 1 }], name: "packets up to SYNC 0" },
    ],
  },
  { steps: [{ bytes: noise(64, 6), name: "initial packet" }, { bytes: noise(2000, 7), name: "the last packets" }] },
]);

export const COUNTS = [3710, 5064, 2064];

/** An emission into memory, on a clock that is turned. */
export class Run {
  readonly clock = new TurnedClock();
  readonly target: MemoryTarget;
  readonly emission: Emission;
  readonly notices: EmitNotice[] = [];
  readonly tap = new NotingTap();
  #settled = false;

  constructor(plan: EmitPlan, target: MemoryTargetOptions, options: EmitOptions = {}) {
    this.target = new MemoryTarget(target);
    const { clock, tap } = this;
    const notice = (one: EmitNotice): void => void this.notices.push(one);
    this.emission = new Emission(plan, this.target, { clock, tap, notice, ...options });
    void this.emission.finished.then(() => this.#settled = true, () => this.#settled = true);
  }

  /** Nothing more happens without the clock: whether it is over. */
  async isOver(): Promise<boolean> {
    await idle();
    return this.#settled;
  }

  /** It goes on for exactly so long, and is over then; nothing is left. */
  async lasts(milliseconds: number): Promise<EmitResult> {
    if (milliseconds > 0) {
      await this.clock.turn(milliseconds - 1);
      assert(!await this.isOver(), `over before ${milliseconds} ms`);
      await this.clock.turn(1);
    }
    assert(await this.isOver(), `not over after ${milliseconds} ms`);
    this.assertNothingLeft();
    return await this.emission.finished;
  }

  assertNothingLeft(): void {
    assertEquals([this.target.open, this.clock.alarms], [0, 0]);
  }
}

export function sentOf({ connections }: EmitResult): number[] {
  return connections.map(({ sent }) => sent);
}
