import { EmitError } from "./emit_error.ts";
import { describeWait } from "./describe_wait.ts";
import type { EmitPlan, PlannedConnection, Precondition } from "./plan.ts";
import { Progress } from "./progress.ts";

/** A step of a plan, by its connection and its place in it. */
export interface PlannedStep {
  /** Index of the connection. */
  readonly connection: number;
  /** Index of the step in it. */
  readonly step: number;
}

/**
 * Carries out a plan without sending anything: connections are opened in their order, each as soon as it can be, and one
 * step follows the other, each when all that must precede it is done. The target gives every answer at once.
 *
 * @param choose Chooses which of several steps comes next; there is at least one.
 * @returns The order.
 * @throws {EmitError} `plan`, if steps are left and all of them wait for each other.
 */
export function simulate(plan: EmitPlan, choose: (ready: readonly PlannedStep[]) => PlannedStep): PlannedStep[] {
  const { connections } = plan;
  const progress = new Progress(connections.length);
  const order: PlannedStep[] = [];
  /** Connections that are open, the first ones. */
  let opened = 0;
  const isSent = ({ steps }: PlannedConnection, connection: number): boolean =>
    progress.sent(connection) >= steps.length;
  for (;;) {
    for (let next = connections[opened]; next !== undefined; next = connections[opened]) {
      if (isRecovery(next) && !connections.slice(0, opened).every(isSent)) break;
      if (missingOf(progress, next.after) !== undefined) break;
      progress.addOpened(opened++);
    }
    const left = connections.flatMap((planned, connection) =>
      isSent(planned, connection) ? [] : [{ connection, step: progress.sent(connection) }]
    );
    const waitOf = ({ connection, step }: PlannedStep): Precondition | undefined =>
      connection >= opened
        ? { kind: "opened", connection }
        : missingOf(progress, connections[connection]?.steps[step]?.after ?? []);
    const ready = left.filter((next) => waitOf(next) === undefined);
    if (ready.length === 0) {
      if (left.length === 0) return order;
      const waits = left.map((next) => {
        const wait = waitOf(next);
        return `${connections[next.connection]?.label} for ${
          wait === undefined ? "nothing" : describeWait(wait, plan)
        }`;
      });
      throw new EmitError("plan", `Cannot send: the connections wait for each other: ${waits.join("; ")}`);
    }
    const chosen = choose(ready);
    progress.addSent(chosen.connection);
    order.push({ connection: chosen.connection, step: chosen.step });
  }
}

function isRecovery({ after }: PlannedConnection): boolean {
  return after.some(({ kind }) => kind === "recovery");
}

/** What does not hold yet, of what is no answer. */
function missingOf(progress: Progress, after: readonly Precondition[]): Precondition | undefined {
  return progress.missing(after.filter(({ kind }) => kind === "sent" || kind === "opened"));
}
