import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { randomNumbers } from "../../testing/random.ts";
import { TurnedClock } from "../qmp/clock_for_test.ts";
import { Emission } from "./emission.ts";
import type { EmitTap } from "./emit_options.ts";
import { interleave } from "./interleave.ts";
import { sentLength } from "./item.ts";
import type { EmitPlan, EmitStep, Precondition } from "./plan.ts";
import { idle, itemOfBytes, noise, planOf } from "./plan_for_test.ts";
import { simulate } from "./simulate.ts";
import { goodDestination, MemoryTarget, type Peer } from "./target_for_test.ts";

/** A plan that can be carried out: what each step waits for comes before it in one random order of all steps. */
function randomPlan(seed: number): EmitPlan {
  const below = randomNumbers(seed);
  const connections = 1 + below(4);
  const counts = Array.from({ length: connections }, () => 1 + below(5));
  const sent = counts.map(() => 0);
  const steps: EmitStep[][] = counts.map(() => []);
  for (let left = counts.reduce((a, b) => a + b); left > 0; left--) {
    let connection = below(connections);
    while (sent[connection] === counts[connection]) connection = (connection + 1) % connections;
    const after = Array.from({ length: below(3) }, (): Precondition => {
      const other = below(connections);
      return { kind: "sent", connection: other, steps: below((sent[other] ?? 0) + 1) };
    });
    const items = Array.from({ length: below(4) }, () => {
      const item = itemOfBytes(noise(below(400), below(1000)), connection);
      // Some are made of several parts, and are not what stands there.
      if (below(3) > 0) return item;
      const own = noise(below(200), below(1000));
      const parts = [own.subarray(0, 50), { offset: 0, length: item.length }, own.subarray(50)];
      return { ...item, parts: () => parts, sentLength: item.length + own.length };
    });
    const phase = below(4) === 0 ? { phase: "devices" as const } : {};
    steps[connection]?.push({ name: `step ${sent[connection]}`, after, items, ...phase });
    sent[connection] = (sent[connection] ?? 0) + 1;
  }
  const { connections: drafts, ...plan } = planOf(steps.map(() => ({ steps: [] })));
  return { ...plan, connections: drafts.map((draft, index) => ({ ...draft, steps: steps[index] ?? [] })) };
}

/** All bytes of a step. */
function stepBytes({ items }: EmitStep): Uint8Array {
  const parts: number[] = [];
  for (const item of items) {
    for (const part of item.parts?.() ?? [item]) {
      if (part instanceof Uint8Array) parts.push(...part);
      else {
        const bytes = new Uint8Array(part.length);
        if (part.length > 0) item.source.readAt(part.offset, bytes);
        parts.push(...bytes);
      }
    }
  }
  return Uint8Array.from(parts);
}

/** Notes how many bytes of each connection had been written when each byte was. */
class OrderTap implements EmitTap {
  readonly counts: number[] = [];
  readonly history: { readonly connection: number; readonly before: readonly number[]; readonly length: number }[] = [];

  open(): number {
    return this.counts.push(0) - 1;
  }

  received(connection: number, direction: "s2d" | "d2s", { length }: Uint8Array): void {
    if (direction === "d2s") return;
    this.history.push({ connection, before: [...this.counts], length });
    this.counts[connection] = (this.counts[connection] ?? 0) + length;
  }

  ended(): void {}
}

/** Every byte of a step was written after all bytes of the steps that it waits for. */
function assertInOrder({ connections }: EmitPlan, { history }: OrderTap): void {
  const ends = connections.map(({ steps }) => {
    let sum = 0;
    return [0, ...steps.map(({ items }) => sum += items.reduce((bytes, item) => bytes + sentLength(item), 0))];
  });
  for (const { connection, before, length } of history) {
    const first = before[connection] ?? 0;
    for (const [step, { after }] of (connections[connection]?.steps ?? []).entries()) {
      const [begin, end] = [ends[connection]?.[step] ?? 0, ends[connection]?.[step + 1] ?? 0];
      if (first + length <= begin || first >= end) continue;
      for (const one of after) {
        if (one.kind !== "sent") continue;
        assert(
          (before[one.connection] ?? 0) >= (ends[one.connection]?.[one.steps] ?? 0) || one.connection === connection,
        );
      }
    }
  }
}

const SEED = fc.integer({ min: 0, max: 2 ** 31 });

/** Reads pieces of random lengths, now and then late. */
async function takeSome(peer: Peer, count: number, seed: number): Promise<void> {
  const below = randomNumbers(seed + peer.index);
  for (let left = count; left > 0;) {
    const most = Math.min(left, 1 + below(below(2) === 0 ? 5 : 300));
    await peer.takeUpTo(most);
    left -= most;
    for (let i = below(4); i > 0; i--) await Promise.resolve();
  }
}

Deno.test("Emission sends any plan byte for byte, in an order that it allows, however the target takes it", async () => {
  await fc.assert(
    fc.asyncProperty(SEED, fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 300 }), fc.boolean(), async (
      seed,
      capacity,
      chunk,
      isRandom,
    ) => {
      const built = randomPlan(seed);
      const plan = isRandom ? interleave(built, seed) : built;
      const expected = plan.connections.map(({ steps }) => steps.map(stepBytes));
      const counts = expected.map((steps) => steps.reduce((sum, { length }) => sum + length, 0));
      const good = goodDestination(counts.map(() => 0));
      const target = new MemoryTarget({
        capacity,
        serve: async (peer, target) => {
          await takeSome(peer, counts[peer.index] ?? 0, seed);
          await good(peer, target);
        },
      });
      const [clock, tap] = [new TurnedClock(), new OrderTap()];
      const { error, sent, connections } = await new Emission(plan, target, {
        clock,
        tap,
        pace: { chunk, due: (): number => 0 },
      }).finished;
      assertEquals([error, sent, target.open, clock.alarms], [undefined, true, 0, 0]);
      for (const [index, steps] of expected.entries()) {
        assertEquals(target.peers[index]?.taken.toHex(), steps.map((bytes) => bytes.toHex()).join(""));
        assertEquals([connections[index]?.sent, connections[index]?.planned], [counts[index], counts[index]]);
      }
      assertInOrder(plan, tap);
    }),
    { numRuns: 150 },
  );
});

Deno.test("Emission leaves nothing when it is ended by anyone after any number of bytes", async () => {
  const ways = ["user", "done", "close", "reset", "gate"] as const;
  await fc.assert(
    fc.asyncProperty(
      SEED,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom(...ways),
      async (seed, part, way) => {
        const plan = randomPlan(seed);
        const total = plan.connections.flatMap(({ steps }) => steps).reduce(
          (sum, step) => sum + stepBytes(step).length,
          0,
        );
        const [user, done] = [new AbortController(), new AbortController()];
        let left = Math.floor(part * total);
        const target = new MemoryTarget({ capacity: 50 });
        const tap: EmitTap = {
          open: (): number => 0,
          received: (_connection, direction, { length }) => {
            if (direction === "d2s" || left < 0) return;
            left -= length;
            if (left > 0) return;
            left = -1;
            if (way === "user") user.abort();
            else if (way === "done") done.abort();
            else if (way !== "gate") target.peers[seed % target.peers.length]?.[way]();
          },
          ended: (): void => {},
        };
        const gate = (): Promise<void> => new Promise(() => {});
        const clock = new TurnedClock();
        const { signal } = user;
        const emission = new Emission(plan, target, {
          clock,
          tap,
          signal,
          done: done.signal,
          ...(way === "gate" ? { gate } : {}),
        });
        await clock.turn(1_000_000);
        // A gate that is never opened rests until the user ends it.
        user.abort();
        await clock.turn(1_000_000);
        const over = await Promise.race([emission.finished, idle()]);
        assert(over !== undefined, "not over");
        assertEquals([target.open, clock.alarms], [0, 0]);
        if (over.error !== undefined) assert(["interrupted", "ended", "closed", "stalled"].includes(over.error.code));
        for (const [index, { sent }] of over.connections.entries()) {
          const wanted = plan.connections[index]?.steps.map((step) => stepBytes(step).toHex()).join("") ?? "";
          const taken = target.peers[index]?.taken.toHex() ?? "";
          assert(wanted.startsWith(taken) && taken.length / 2 <= sent);
        }
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("simulate() and interleave() never get stuck, and interleave() allows one order only", () => {
  fc.assert(
    fc.property(SEED, (seed) => {
      const plan = randomPlan(seed);
      const below = randomNumbers(seed);
      const count = plan.connections.reduce((sum, { steps }) => sum + steps.length, 0);
      assertEquals(simulate(plan, (ready) => ready[below(ready.length)] ?? { connection: 0, step: 0 }).length, count);
      const single = interleave(plan, seed);
      const orders = [0, -1].map((at) => simulate(single, (ready) => ready.at(at) ?? { connection: 0, step: 0 }));
      assertEquals(orders[0], orders[1]);
      assertEquals(interleave(plan, seed), single);
    }),
  );
});
