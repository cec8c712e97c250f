import { Random } from "../bytes/mod.ts";
import type { EmitPlan, EmitStep, PlannedConnection, Precondition } from "./plan.ts";
import { type PlannedStep, simulate } from "./simulate.ts";

/**
 * The same plan, in one random order of all its items that it allows: what is sent over one connection waits for what was
 * sent over another before it. The same seed gives the same order. What it needs grows with the number of items.
 *
 * The ends of main channels come last: a destination reads them only when it has loaded all devices, so that others must
 * not wait for it to take them (destination-engine.md C.2).
 *
 * @throws {EmitError} `plan`, if the plan cannot be carried out.
 */
export function interleave(plan: EmitPlan, seed: number): EmitPlan {
  const random = new Random(seed);
  const single = { ...plan, connections: singleItems(plan.connections) };
  const isEnd = ({ connection, step }: PlannedStep): boolean =>
    single.connections[connection]?.steps[step]?.phase === "end";
  const order = simulate(single, (ready) => {
    const early = ready.filter((step) => !isEnd(step));
    const choice = early.length > 0 ? early : ready;
    const chosen = choice[random.below(choice.length)] ?? ready[0];
    if (chosen === undefined) throw new TypeError("Cannot choose of nothing");
    return chosen;
  });
  const chain = new Map<string, Precondition>();
  for (const [place, { connection, step }] of order.entries()) {
    const before = order[place - 1];
    if (before === undefined || before.connection === connection) continue;
    chain.set(`${connection} ${step}`, { kind: "sent", connection: before.connection, steps: before.step + 1 });
  }
  return {
    ...single,
    connections: single.connections.map((planned, connection) => ({
      ...planned,
      steps: planned.steps.map((one, step) => {
        const before = chain.get(`${connection} ${step}`);
        return before === undefined ? one : { ...one, after: [...one.after, before] };
      }),
    })),
  };
}

/** A step for each item, and the conditions on steps with them. */
function singleItems(connections: readonly PlannedConnection[]): PlannedConnection[] {
  /** For each connection how many of its new steps the first so many old ones are. */
  const counts = connections.map(({ steps }) => {
    let sum = 0;
    return [0, ...steps.map(({ items }) => sum += Math.max(1, items.length))];
  });
  const moved = (precondition: Precondition): Precondition =>
    precondition.kind === "sent"
      ? { ...precondition, steps: counts[precondition.connection]?.[precondition.steps] ?? 0 }
      : precondition;
  return connections.map((planned) => ({
    ...planned,
    after: planned.after.map(moved),
    steps: planned.steps.flatMap(({ name, phase, after, items }): EmitStep[] => {
      const begin = { name, after: after.map(moved), ...(phase === undefined ? {} : { phase }) };
      const [first, ...rest] = items;
      if (first === undefined) return [{ ...begin, items: [] }];
      return [{ ...begin, items: [first] }, ...rest.map((item): EmitStep => ({ name, after: [], items: [item] }))];
    }),
  }));
}
