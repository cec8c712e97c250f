import { assertEquals, assertStringIncludes } from "@std/assert";
import { be } from "../../testing/main_stream.ts";
import { EMIT_LIMITS } from "./emit_options.ts";
import { noise, planOf } from "./plan_for_test.ts";
import { COUNTS, Run, THREE } from "./run_for_test.ts";
import { goodDestination, type Peer, PONG, RESUME_ACK, SHUT, SWITCHOVER_ACK } from "./target_for_test.ts";

const { stallMs } = EMIT_LIMITS;

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
