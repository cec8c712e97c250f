import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { be } from "../../testing/main_stream.ts";
import { TurnedClock } from "../qmp/clock_for_test.ts";
import { Emission } from "./emission.ts";
import { EMIT_LIMITS, type EmitNotice, type EmitOptions, type EmitResult } from "./emit_options.ts";
import type { EmitPlan, Precondition } from "./plan.ts";
import { idle, noise, NotingTap, planOf } from "./plan_for_test.ts";
import {
  goodDestination,
  MemoryTarget,
  type MemoryTargetOptions,
  type Peer,
  PONG,
  RESUME_ACK,
  SHUT,
  SWITCHOVER_ACK,
} from "./target_for_test.ts";

const { connectMs, stallMs, verdictMs, lastWordsMs } = EMIT_LIMITS;

/** Three connections: the second one waits for the first, and the first for that. */
const THREE = planOf([
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

const COUNTS = [3710, 5064, 2064];

/** An emission into memory, on a clock that is turned. */
class Run {
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

function sentOf({ connections }: EmitResult): number[] {
  return connections.map(({ sent }) => sent);
}

Deno.test("Emission sends all, hears SHUT 0, and closes when the target does", async () => {
  const run = new Run(THREE, { serve: goodDestination(COUNTS) });
  const result = await run.lasts(0);
  assertEquals([result.error, result.sent, result.answers.shut], [undefined, true, 0]);
  assertEquals(
    result.connections.map((
      { label, opened, sent, planned, closed, waiting },
    ) => [label, opened, sent, planned, closed, waiting]),
    [
      ["main", true, 3710, 3710, "closed by the target", undefined],
      ["multifd 0", true, 5064, 5064, "closed by the target", undefined],
      ["multifd 1", true, 2064, 2064, "closed by the target", undefined],
    ],
  );
  assertEquals(result.connections[0]?.received, 8);
  assertEquals(run.notices.filter(({ kind }) => kind !== "opened"), [
    { kind: "phase", phase: "setup", name: "setup" },
    { kind: "phase", phase: "devices", name: "devices" },
    { kind: "phase", phase: "end", name: "EOF" },
    { kind: "sent" },
  ]);
  assertEquals(run.notices.filter(({ kind }) => kind === "opened"), [
    { kind: "opened", label: "main" },
    { kind: "opened", label: "multifd 0" },
    { kind: "opened", label: "multifd 1" },
  ]);
  assertEquals(run.tap.notes.filter((note) => / (s2d|d2s) end$/.test(note)).toSorted(), [
    "0 d2s end",
    "0 s2d end",
    "1 d2s end",
    "1 s2d end",
    "2 d2s end",
    "2 s2d end",
  ]);
});

Deno.test("Emission without a target that answers is over when all is sent", async () => {
  const run = new Run(THREE, { answers: false });
  const { error, sent, connections } = await run.lasts(0);
  assertEquals([error, sent, connections.map(({ closed }) => closed)], [undefined, true, [
    undefined,
    undefined,
    undefined,
  ]]);
});

Deno.test("Emission does not wait for answers of a target that gives none", async () => {
  const after: Precondition[] = [{ kind: "message", message: "switchover-ack", count: 1 }];
  const run = new Run(planOf([{ steps: [{ bytes: noise(5), after }] }]), { answers: false });
  assertEquals((await run.lasts(0)).error, undefined);
});

Deno.test("a target that takes nothing stalls it after exactly the limit, and each connection's wait is named", async () => {
  const run = new Run(THREE, { capacity: 0, serve: (): void => {} });
  const { error, connections, sent } = await run.lasts(stallMs);
  assertEquals([error?.code, sent], ["stalled", false]);
  assertEquals(
    error?.message,
    "Nothing went on for 60 s: main waits for the target to take setup, after 0 bytes; " +
      "multifd 0 waits for the target to take initial packet, after 0 bytes; " +
      "multifd 1 waits for the target to take initial packet, after 0 bytes",
  );
  assertEquals(connections.map(({ sent, opened }) => [sent, opened]), [[0, true], [0, true], [0, true]]);
});

Deno.test("the limit begins anew with every byte", async () => {
  const run = new Run(planOf([{ steps: [{ bytes: noise(100) }] }]), { capacity: 10, serve: (): void => {} }, {});
  for (let i = 0; i < 9; i++) {
    await run.clock.turn(stallMs - 1);
    await run.target.peers[0]?.take(10);
    await idle();
  }
  assert(!await run.isOver());
  assertEquals(run.emission.status()[0]?.sent, 100);
  assertEquals((await run.lasts(verdictMs)).sendingMs, 9 * (stallMs - 1));
});

Deno.test("a wait for another connection is told by the step that is waited for", async () => {
  const run = new Run(THREE, { serve: (peer) => peer.index === 1 ? undefined : peer.takeAll() });
  const { error } = await run.lasts(stallMs);
  assertEquals(
    error?.message,
    "Nothing went on for 60 s: main waits for multifd 0 to send packets up to SYNC 0, after 700 bytes; " +
      "multifd 0 waits for the target to take packets up to SYNC 0, after 1000 bytes",
  );
});

for (const index of [0, 1, 2]) {
  for (const way of ["close", "reset"] as const) {
    Deno.test(`a target that ends connection ${index} early (${way}) ends it, with what was sent`, async () => {
      const run = new Run(THREE, {
        serve: async (peer) => {
          if (peer.index !== index) return await peer.takeAll();
          await peer.takeUpTo(500);
          peer[way]();
        },
      });
      const result = await run.lasts(index === 0 ? 0 : lastWordsMs);
      const label = THREE.connections[index]?.label ?? "";
      assertEquals([result.error?.code, result.sent], ["closed", false]);
      assertStringIncludes(result.error?.message ?? "", label);
      assertStringIncludes(result.error?.message ?? "", "bytes");
      const sent = sentOf(result)[index] ?? 0;
      assert(sent >= 500 && sent <= 1500, `${sent}`);
    });
  }
}

Deno.test("a target that breaks off while it is written to is told by the reason of the system", async () => {
  const run = new Run(planOf([{ steps: [{ bytes: noise(5000), name: "setup" }] }]), {
    serve: async (peer) => {
      await peer.takeUpTo(2000);
      peer.reset();
    },
  });
  const { error, connections } = await run.lasts(0);
  assertEquals(error?.code, "closed");
  assertStringIncludes(error?.message ?? "", "Connection reset by peer");
  assertStringIncludes(connections[0]?.closed ?? "", "broken off: Connection reset by peer");
});

Deno.test("a target may close a channel while its last bytes are on their way", async () => {
  // The connection takes all at once, and the target has closed it before the emitter hears that it has.
  const run = new Run(planOf([{ steps: [{ bytes: noise(10) }] }, { steps: [{ bytes: noise(64) }] }]), {
    serve: async (peer) => {
      await peer.takeUpTo(peer.index === 0 ? 10 : 64);
      if (peer.index === 1) peer.closeWrite();
      else {
        await idle();
        peer.close();
      }
    },
  });
  await idle();
  const { error, sent } = await run.lasts(0);
  assertEquals([error, sent], [undefined, true]);
});

Deno.test("a target that is silent when it is connected to is given up after the limit", async () => {
  const run = new Run(THREE, { connect: () => new Promise(() => {}) });
  const { error, connections } = await run.lasts(connectMs);
  assertEquals([error?.code, error?.message], ["connect", "Cannot connect to memory: no answer for 10 s"]);
  assertEquals(connections.map(({ opened, waiting }) => [opened, waiting]), [
    [false, "the connection"],
    [false, "its turn to be opened"],
    [false, "its turn to be opened"],
  ]);
});

Deno.test("a connection that comes too late is closed", async () => {
  let let_in = (): void => {};
  const run = new Run(THREE, { connect: () => new Promise((resolve) => let_in = resolve) });
  await run.lasts(connectMs);
  let_in();
  await idle();
  assertEquals([run.target.peers.length, run.target.open], [1, 0]);
});

Deno.test("a target that refuses is told with its reason, whichever connection it is", async () => {
  for (const refused of [0, 2]) {
    const run = new Run(THREE, {
      connect: (_signal, index) =>
        index === refused
          ? Promise.reject(new Deno.errors.ConnectionRefused("Connection refused (os error 111)"))
          : Promise.resolve(),
    });
    const { error, connections } = await run.lasts(0);
    assertEquals(error?.code, "connect");
    assertStringIncludes(error?.message ?? "", "Cannot connect to memory: Connection refused");
    assertEquals(connections.map(({ opened }) => opened), [0, 1, 2].map((index) => index < refused));
  }
});

for (
  const [message, answer, name] of [
    ["pong", PONG(1), "PONG"],
    ["switchover-ack", SWITCHOVER_ACK, "SWITCHOVER_ACK"],
    ["resume-ack", RESUME_ACK, "RESUME_ACK"],
  ] as const
) {
  const plan = planOf([{
    steps: [{ bytes: noise(10) }, { bytes: noise(20), after: [{ kind: "message", message, count: 2 }] }],
  }]);

  Deno.test(`a ${name} that never comes stalls it, and is named`, async () => {
    const run = new Run(plan, {
      serve: async (peer) => {
        await peer.takeUpTo(10);
        await peer.answer(answer);
      },
    });
    const { error, connections } = await run.lasts(stallMs);
    assertEquals(error?.code, "stalled");
    assertStringIncludes(error?.message ?? "", `main waits for ${name} from the target, 2 times, after 10 bytes`);
    assertEquals(connections[0]?.sent, 10);
  });

  Deno.test(`what waits for a ${name} goes on when it comes`, async () => {
    const run = new Run(plan, {
      serve: async (peer) => {
        await peer.takeUpTo(10);
        for (const half of [answer.subarray(0, 3), answer.subarray(3), answer]) await peer.answer(half);
        await peer.takeUpTo(20);
        peer.close();
      },
    });
    const { error, sent } = await run.lasts(0);
    assertEquals([error, sent], [undefined, true]);
  });
}

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

for (
  const [what, bytes, code] of [
    ["an unknown message", [be(0xdead, 2), be(4, 2), noise(4)], "rp-type"],
    ["a message that is cut", [be(2, 2), be(0xbeef, 2), noise(300)], "truncated"],
  ] as const
) {
  Deno.test(`${what} on the return path is told, and ends nothing`, async () => {
    const good = goodDestination(COUNTS);
    const run = new Run(THREE, {
      serve: async (peer, target) => {
        if (peer.index === 0) await peer.answer(bytes);
        await good(peer, target);
      },
    });
    const { error, sent, answers } = await run.lasts(0);
    assertEquals([error, sent], [undefined, true]);
    assertEquals([answers.problem?.severity, answers.problem?.code], ["error", code]);
    assertEquals(answers.shut, code === "truncated" ? undefined : 0);
  });
}

Deno.test("bytes that come over a multifd channel are counted, and no answers", async () => {
  const good = goodDestination(COUNTS);
  const run = new Run(THREE, {
    serve: async (peer, target) => {
      if (peer.index === 1) await peer.answer(SHUT(1));
      await good(peer, target);
    },
  });
  const { answers, connections } = await run.lasts(0);
  assertEquals([answers.shut, answers.problem, connections[1]?.received], [0, undefined, 8]);
});

// ---------------------------------------------------------------------------------------------------------------------

const RECOVERED = planOf([
  { ending: "interrupt", steps: [{ bytes: noise(300) }] },
  {
    role: "recovery",
    label: "recovery",
    after: [{ kind: "recovery" }],
    steps: [{ bytes: noise(100) }, {
      bytes: noise(200),
      after: [{ kind: "message", message: "resume-ack", count: 1 }],
    }],
  },
]);

/** A destination whose postcopy is interrupted, and goes on. */
async function recovering(peer: Peer): Promise<void> {
  await peer.takeUpTo(peer.index === 0 ? 300 : 100);
  if (peer.index === 0) {
    await peer.takeAll();
    // It may notice late, and ask for pages till then.
    await peer.answer(be(4, 2), be(12, 2));
    return;
  }
  await peer.answer(RESUME_ACK);
  await peer.takeUpTo(200);
  await peer.answer(SHUT(0));
  peer.close();
}

Deno.test("a recovery begins when the target listens again, and the first connection has been broken off", async () => {
  let isEnded: boolean | undefined;
  const run = new Run(RECOVERED, { serve: recovering }, {
    recover: () => {
      isEnded = run.target.peers[0]?.ended;
      return Promise.resolve();
    },
  });
  const { error, sent, answers } = await run.lasts(0);
  assertEquals([error, sent, isEnded, answers.shut, answers.problem], [undefined, true, true, 0, undefined]);
});

Deno.test("a recovery may take its time, and the user ends it meanwhile", async () => {
  const user = new AbortController();
  const run = new Run(RECOVERED, { serve: recovering }, { recover: () => new Promise(() => {}), signal: user.signal });
  await run.clock.turn(10 * stallMs);
  assertEquals(run.emission.status()[1]?.waiting, "the target to listen again for a recovery");
  user.abort();
  const { error, connections } = await run.lasts(0);
  assertEquals([error?.code, connections[1]?.opened], ["interrupted", false]);
});

Deno.test("a recovery needs the target's monitor", async () => {
  const { error } = await new Run(RECOVERED, { serve: recovering }).lasts(0);
  assertEquals([error?.code, error?.hint], ["no-monitor", "give its monitor with --qmp"]);
});

Deno.test("a recovery that the target refuses is told with its reason", async () => {
  const run = new Run(RECOVERED, { serve: recovering }, { recover: () => Promise.reject(new Error("not paused")) });
  const { error } = await run.lasts(0);
  assertEquals([error?.code, error?.message], ["closed", "Cannot recover: not paused"]);
});

Deno.test("a recovery is written without a target that listens again", async () => {
  const { error, sent } = await new Run(RECOVERED, { answers: false }).lasts(0);
  assertEquals([error, sent], [undefined, true]);
});

// ---------------------------------------------------------------------------------------------------------------------

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
