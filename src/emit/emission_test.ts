import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { EMIT_LIMITS } from "./emit_options.ts";
import type { Precondition } from "./plan.ts";
import { idle, noise, planOf } from "./plan_for_test.ts";
import { COUNTS, Run, sentOf, THREE } from "./run_for_test.ts";
import { goodDestination } from "./target_for_test.ts";

const { connectMs, stallMs, verdictMs, lastWordsMs } = EMIT_LIMITS;

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
