import { EmitError } from "./emit_error.ts";
import { describeWait } from "./describe_wait.ts";
import type { EmitPlan } from "./plan.ts";
import { Progress } from "./progress.ts";

/** A step of a plan, by its connection and its place in it. */
export interface PlannedStep {
  /** Index of the connection. */
  readonly connection: number;
  /** Index of the step in it. */
  readonly step: number;
}

/**
 * Carries out a plan without sending anything: one step after the other, each when all that must precede it is done. The
 * target gives every answer at once.
 *
 * @param choose Chooses which of several steps comes next; there is at least one.
 * @returns The order.
 * @throws {EmitError} `plan`, if steps are left and all of them wait for each other.
 */
export function simulate(plan: EmitPlan, choose: (ready: readonly PlannedStep[]) => PlannedStep): PlannedStep[] {
  const { connections } = plan;
  const progress = new Progress(connections.length);
  for (const [connection] of connections.entries()) progress.addOpened(connection);
  progress.addRecovery();
  const order: PlannedStep[] = [];
  for (;;) {
    const left = connections.flatMap(({ steps }, connection) => {
      const step = progress.sent(connection);
      const next = steps[step];
      if (next === undefined) return [];
      const missing = progress.missing(next.after.filter(({ kind }) => kind !== "message"));
      return [{ connection, step, missing }];
    });
    const ready = left.filter(({ missing }) => missing === undefined);
    if (ready.length === 0) {
      if (left.length === 0) return order;
      const waits = left.map(({ connection, missing }) =>
        `${connections[connection]?.label} for ${missing === undefined ? "nothing" : describeWait(missing, plan)}`
      );
      throw new EmitError("plan", `Cannot send: the connections wait for each other: ${waits.join("; ")}`);
    }
    const { connection, step } = choose(ready);
    progress.addSent(connection);
    order.push({ connection, step });
  }
}
