import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { EMIT_LIMITS, type EmitOptions } from "./emit_options.ts";
import type { EmitPlan } from "./plan.ts";
import { idle, noise, planOf } from "./plan_for_test.ts";
import { COUNTS, Run, THREE } from "./run_for_test.ts";
import { goodDestination, type MemoryTargetOptions, type Peer, SHUT } from "./target_for_test.ts";

const { stallMs, verdictMs, lastWordsMs } = EMIT_LIMITS;

Deno.test("a target that reads all and never ends is left after the limit", async () => {
  const run = new Run(THREE, {});
  const { error, sent, answers } = await run.lasts(verdictMs);
  assertEquals([error?.code, sent, answers.shut], ["stalled", true, undefined]);
  assertEquals(error?.message, "memory has got all, and has not ended within 60 s");
});

Deno.test("a target that closes only its channels has not ended", async () => {
  const run = new Run(THREE, {
    serve: async (peer) => {
      await peer.takeUpTo(COUNTS[peer.index] ?? 0);
      if (peer.index > 0) peer.close();
    },
  });
  assertEquals((await run.lasts(verdictMs)).error?.code, "stalled");
});

Deno.test("limits can be set, each for itself", async () => {
  const run = new Run(THREE, {}, { limits: { verdictMs: 5 } });
  assertEquals((await run.lasts(5)).error?.message, "memory has got all, and has not ended within 0.005 s");
  const silent = new Run(THREE, { capacity: 0, serve: (): void => {} }, { limits: { stallMs: 7 } });
  assertEquals((await silent.lasts(7)).error?.code, "stalled");
});

Deno.test("a target that is known to be done before all was sent ends it, and may say its last words", async () => {
  const done = new AbortController();
  const run = new Run(THREE, { capacity: 100, serve: (): void => {} }, { done: done.signal });
  await run.clock.turn(10);
  done.abort();
  await run.target.peers[0]?.answer(SHUT(1));
  const { error, answers, sent } = await run.lasts(lastWordsMs);
  assertEquals([error?.code, answers.shut, sent], ["ended", 1, false]);
});

Deno.test("a target that is known to be done before it began is sent nothing", async () => {
  const run = new Run(THREE, {}, { done: AbortSignal.abort() });
  const { error, connections } = await run.lasts(0);
  assertEquals([error?.code, connections.some(({ opened }) => opened)], ["ended", false]);
});

Deno.test("a target that is known to be done after all was sent has the last words, and is no error", async () => {
  const done = new AbortController();
  const run = new Run(THREE, {}, { done: done.signal });
  await run.clock.turn(1000);
  done.abort();
  assertEquals((await run.lasts(lastWordsMs)).error, undefined);
  const quick = new AbortController();
  const other = new Run(THREE, {}, { done: quick.signal });
  await other.clock.turn(1000);
  quick.abort();
  await idle();
  other.target.peers[0]?.close();
  const { error, connections } = await other.lasts(0);
  assertEquals([error, connections[0]?.closed], [undefined, "closed by the target"]);
});

Deno.test("a stream that was cut is ended on all its connections when all is sent", async () => {
  const cut = planOf(
    THREE.connections.map(({ steps }) => ({
      ending: "close",
      steps: steps.map(({ items, ...step }) => ({ ...step, items, bytes: new Uint8Array(0) })),
    })),
    { whole: false },
  );
  const run = new Run(cut, {
    serve: async (peer, target) => {
      await peer.takeAll();
      if (target.peers.length === 3 && target.peers.every(({ ended }) => ended)) target.peers[0]?.close();
    },
  });
  const { error, sent } = await run.lasts(0);
  assertEquals([error, sent], [undefined, true]);
  assertEquals(run.tap.notes.filter((note) => note.endsWith("s2d end")).length, 3);
});

Deno.test("a stream that was cut, and is reset by a target that has exited, has been ended by it", async () => {
  const cut = planOf([{ ending: "close", steps: [{ bytes: noise(100) }] }], { whole: false });
  const run = new Run(cut, {
    serve: async (peer) => {
      await peer.takeAll();
      peer.reset();
    },
  });
  const { error, connections } = await run.lasts(0);
  assertEquals(error, undefined);
  assertStringIncludes(connections[0]?.closed ?? "", "broken off");
});

Deno.test("the user ends it before it begins", async () => {
  const run = new Run(THREE, {}, { signal: AbortSignal.abort() });
  const { error, connections } = await run.lasts(0);
  assertEquals([error?.code, connections.some(({ opened }) => opened)], ["interrupted", false]);
});

Deno.test("the user ends it while it connects, writes, waits and has sent all, at once", async () => {
  const cases: readonly [string, EmitPlan, MemoryTargetOptions][] = [
    ["connects", THREE, { connect: () => new Promise(() => {}) }],
    ["writes", THREE, { capacity: 5, serve: (): void => {} }],
    ["waits", planOf([{ steps: [{ bytes: noise(1), after: [{ kind: "message", message: "pong", count: 1 }] }] }]), {}],
    ["has sent all", THREE, {}],
  ];
  for (const [name, plan, target] of cases) {
    const user = new AbortController();
    const run = new Run(plan, target, { signal: user.signal });
    await run.clock.turn(100);
    assert(!await run.isOver(), name);
    user.abort();
    const { error, sent } = await run.lasts(0);
    assertEquals([error?.code, error?.message, sent], ["interrupted", "Ended by the user", name === "has sent all"]);
  }
});

Deno.test("a gate is asked before each phase, the first one before the connection is opened", async () => {
  const gates: { readonly name: string; readonly open: () => void }[] = [];
  const gate = (phase: string, name: string): Promise<void> =>
    new Promise((open) => gates.push({ name: `${phase}: ${name}`, open }));
  const run = new Run(THREE, { serve: goodDestination(COUNTS) }, { gate });
  // However long the user thinks, that is no stall.
  for (const [name, opened, sent] of [["setup: setup", 0, 0], ["devices: devices", 3, 700], ["end: EOF", 3, 3700]]) {
    await run.clock.turn(10 * stallMs);
    assertEquals(gates.at(-1)?.name, name);
    assertEquals([run.target.peers.length, run.emission.status()[0]?.sent], [opened, sent]);
    assertStringIncludes(run.emission.status()[0]?.waiting ?? "", "leave to begin");
    gates.at(-1)?.open();
  }
  assertEquals((await run.lasts(0)).error, undefined);
});

Deno.test("the user ends it at a gate, which is never opened", async () => {
  for (const gates of [1, 2]) {
    const user = new AbortController();
    let asked = 0;
    const gate = (): Promise<void> => ++asked < gates ? Promise.resolve() : new Promise(() => {});
    const run = new Run(THREE, {}, { gate, signal: user.signal });
    await run.clock.turn(stallMs * 2);
    user.abort();
    assertEquals((await run.lasts(0)).error?.code, "interrupted");
  }
});

Deno.test("a pace is no stall, and the user ends it there, too", async () => {
  const pace = { chunk: 1000, due: ({ end }: { end: number }): number => end === 700 ? 5 * stallMs : 0 };
  const run = new Run(planOf([{ steps: [{ bytes: noise(700) }] }]), { serve: goodDestination([700]) }, { pace });
  const { error, sendingMs } = await run.lasts(5 * stallMs);
  assertEquals([error, sendingMs], [undefined, 5 * stallMs]);
  const user = new AbortController();
  const other = new Run(planOf([{ steps: [{ bytes: noise(700) }] }]), {}, { pace, signal: user.signal });
  await other.clock.turn(stallMs * 2);
  user.abort();
  assertEquals((await other.lasts(0)).error?.code, "interrupted");
});

/** What is no fault of the target: the error comes out as it is, and nothing is left. */
async function rejects(options: EmitOptions, target: MemoryTargetOptions = {}, plan = THREE): Promise<void> {
  const run = new Run(plan, target, options);
  const error = await assertRejects(() => Promise.race([run.emission.finished, idle().then(idle)]), Error);
  assertEquals(error.message, "disk full");
  run.assertNothingLeft();
}

function fail(): never {
  throw new Error("disk full");
}

Deno.test("what a tap, a gate, a notice, or the capture throws comes out, after all was given back", async () => {
  const tap = { open: (): number => 0, received: (): void => {}, ended: (): void => {} };
  await rejects({ tap: { ...tap, open: fail } });
  await rejects({ tap: { ...tap, received: fail } });
  const answering = async (peer: Peer): Promise<void> => await peer.answer(SHUT(0));
  const back = (_connection: number, direction: string): void => direction === "d2s" ? fail() : undefined;
  await rejects({ tap: { ...tap, received: back } }, { serve: answering });
  await rejects(
    { tap: { ...tap, ended: fail } },
    { serve: (peer) => peer.close() },
    planOf([{ steps: [{ bytes: noise(9) }] }]),
  );
  await rejects({ tap: { ...tap, ended: fail } }, { answers: false });
  await rejects({ notice: fail });
  await rejects({ notice: ({ kind }) => kind === "sent" ? fail() : undefined });
  await rejects({ gate: () => Promise.reject(new Error("disk full")) });
  const [first] = THREE.connections[0]?.steps ?? [];
  const items = [{ ...first?.items[0], source: { size: 700, readAt: fail } }];
  await rejects({}, {}, planOf([{ steps: [{ bytes: noise(1), ...{ items: items as never } }] }]));
});
