/**
 * Replays to something like a QEMU, over sockets of the loopback. Without the permission to use them these tests are ignored.
 * That nothing is left open is what {@linkcode FakeQemu.left} and the sanitizers of `deno test` see to.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { devicePacket, memoryCapture, multifdChannel } from "../../testing/memory_capture.ts";
import {
  be,
  BLOCK,
  blockList,
  bytesOf,
  FLUSH,
  page,
  RAM_EOS,
  ramStream,
  smallStream,
  stream,
} from "../../testing/main_stream.ts";
import { canWrite } from "../capture/files_for_test.ts";
import type { Capture } from "../capture/mod.ts";
import { syncPacket } from "../emit/deal/made_lanes_for_test.ts";
import { EmitError, type EmitLimits } from "../emit/mod.ts";
import { NotingTap } from "../emit/plan_for_test.ts";
import { QmpError } from "../qmp/mod.ts";
import { NO_ANSWER, Refusal } from "../qmp/monitor_for_test.ts";
import { FakeQemu, type FakeQemuScript, mayUseLoopback } from "./fake_qemu_for_test.ts";
import { replay, type ReplayNotice, type ReplayOptions, type ReplayResult } from "./mod.ts";

const ignore = !mayUseLoopback;

/** What is not reached, however busy the machine is. */
const LIMITS: EmitLimits = { connectMs: 20_000, stallMs: 20_000, verdictMs: 20_000, lastWordsMs: 20_000 };

/** For what hangs. */
const SHORT: EmitLimits = { connectMs: 2000, stallMs: 400, verdictMs: 400, lastWordsMs: 100 };

/** What all of it ends within. */
const DEADLINE_MS = 20_000;

/** A capture that is sent, and its length. */
interface Sent {
  readonly capture: Capture;
  readonly length: number;
}

function sent(...channels: readonly Uint8Array[]): Sent {
  const length = channels.reduce((sum, bytes) => sum + bytes.length, 0);
  return { capture: memoryCapture(channels.map((bytes) => ({ bytes }))), length };
}

/** A main channel alone. */
const SMALL = sent(smallStream().bytes());

/** A main channel with more than any socket holds. */
const BIG = sent(
  ramStream(0x1000000)
    .part(2, [Array.from({ length: 4096 }, (_, i) => page(i * 4096, i === 0 ? BLOCK : undefined)), RAM_EOS])
    .end(2, RAM_EOS).eof().bytes(),
);

/** With two multifd channels. */
const MULTIFD = sent(
  stream().start(2, "ram", 4, [blockList({ [BLOCK]: 0x10000 }), RAM_EOS])
    .part(2, [FLUSH, RAM_EOS]).end(2, [FLUSH, RAM_EOS]).eof().bytes(),
  multifdChannel(0, syncPacket(0), syncPacket(2)),
  multifdChannel(1, syncPacket(1), devicePacket(0, 50), syncPacket(3)),
);

/** Replays to a QEMU of `script`, by its monitor or without; nothing may be left open in the end. */
async function replayTo(
  { capture, length }: Sent,
  script: FakeQemuScript,
  { monitored = true, ...options }: Partial<ReplayOptions> & { readonly monitored?: boolean } = {},
): Promise<ReplayResult & { readonly qemu: FakeQemu; readonly notices: readonly ReplayNotice[] }> {
  await using qemu = new FakeQemu({ after: length, ...script });
  const notices: ReplayNotice[] = [];
  const begin = performance.now();
  try {
    const result = await replay(capture, {
      target: { kind: "address", to: qemu.to, ...(monitored ? { qmp: qemu.qmp } : {}) },
      limits: LIMITS,
      notice: (notice) => notices.push(notice),
      ...options,
    });
    return { ...result, qemu, notices };
  } finally {
    assert(performance.now() - begin < DEADLINE_MS, "it took too long");
    await qemu.left();
  }
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore, fn });
}

test("replay() looks at the target, sets it, sends, and takes its word", async () => {
  const { verdict, emission, outcome, facts, mismatches, qemu, notices } = await replayTo(SMALL, {});
  assertEquals(verdict, { kind: "completed", by: "query-migrate", reason: "the target says completed" });
  assertEquals([facts?.qemu, facts?.machine, mismatches], ["10.0.2", "pc-q35-9.2", []]);
  assertEquals([outcome?.status, emission?.sent, emission?.answers.shut], ["completed", true, 0]);
  assertEquals(qemu.told.map(({ execute }) => execute), ["migrate-set-capabilities", "migrate-incoming"]);
  const { kind } = qemu.to;
  assertEquals(qemu.told.at(-1)?.arguments, {
    uri: kind === "tcp" ? `tcp:127.0.0.1:${qemu.to.port}` : "",
    "exit-on-error": false,
  });
  const kinds = notices.map(({ kind }) => kind);
  assertEquals([kinds[0], kinds.includes("sending"), kinds.includes("phase")], ["prelude", true, true]);
  const sending = notices.find((notice) => notice.kind === "sending");
  assertEquals([sending?.planned, sending?.sent()], [SMALL.length, SMALL.length]);
});

test("replay() sets what multifd needs", async () => {
  const { verdict, qemu } = await replayTo(MULTIFD, { machine: "pc-q35-9.2" });
  assertEquals(verdict.kind, "completed");
  const [capabilities] = qemu.told;
  assertStringIncludes(JSON.stringify(capabilities), '{"capability":"multifd","state":true}');
  assertEquals(qemu.opened, 3);
});

test("replay() tells the target to listen elsewhere, with more channels, and what the user wants", async () => {
  await using qemu = new FakeQemu({ after: MULTIFD.length + 64 });
  const { verdict } = await replay(MULTIFD.capture, {
    target: { kind: "address", to: qemu.to, qmp: qemu.qmp, listen: { kind: "unix", path: "/run/in" } },
    changes: { channels: 3 },
    settings: { capabilities: { "postcopy-ram": true }, parameters: { "max-bandwidth": 5 } },
    limits: SHORT,
  });
  await qemu.left();
  const told = JSON.stringify(qemu.told);
  for (
    const part of ['"uri":"unix:/run/in"', '"multifd-channels":3', '"max-bandwidth":5', '"postcopy-ram","state":true']
  ) {
    assertStringIncludes(told, part);
  }
  assert(verdict.kind === "completed" || verdict.kind === "hangs", verdict.reason);
  assertEquals(qemu.opened, 4);
});

test("replay() without a monitor believes SHUT 0 of a main channel alone", async () => {
  const { verdict: alone, facts, outcome } = await replayTo(SMALL, {}, { monitored: false });
  assertEquals([alone.kind, alone.by, facts, outcome], ["completed", "SHUT", undefined, undefined]);
  const { verdict: multifd } = await replayTo(MULTIFD, {}, { monitored: false });
  assertEquals([multifd.kind, multifd.by], ["unconfirmed", "the connections"]);
  const { verdict: closed } = await replayTo(SMALL, { then: (qemu) => qemu.endChannels() }, { monitored: false });
  assertEquals(closed.kind, "unconfirmed");
  const shut1 = bytesOf(be(1, 2), be(4, 2), be(1, 4));
  const { verdict: failed } = await replayTo(SMALL, { then: (qemu) => qemu.endChannels(shut1) }, { monitored: false });
  assertEquals([failed.kind, failed.by], ["failed", "SHUT"]);
});

test("replay() of a target that dies in the middle says so, by its monitor and without", async () => {
  const script: FakeQemuScript = { after: 1_000_000, then: (qemu) => qemu.die() };
  const { verdict, emission, outcome } = await replayTo(BIG, script);
  assertEquals([verdict.kind, verdict.by, outcome?.status], ["failed", "the end of its process", "exited"]);
  assertEquals(emission?.sent, false);
  const { verdict: blind } = await replayTo(BIG, script, { monitored: false });
  assertEquals([blind.kind, blind.by], ["failed", "the connections"]);
  assertMatch(blind.reason, /^main was /);
});

test("replay() of a target that fails gives its words", async () => {
  const script: FakeQemuScript = { after: 1_000_000, then: (qemu) => qemu.fail("bad page") };
  const { verdict, outcome } = await replayTo(BIG, script);
  assertEquals([verdict.kind, verdict.by, verdict.reason], ["failed", "query-migrate", "bad page"]);
  assertEquals(outcome?.error, "bad page");
});

test("replay() gives up on a monitor that says nothing before anything is sent", async () => {
  for (
    const script of [
      { greets: false },
      { answers: { "query-version": () => NO_ANSWER } },
      { answers: { "migrate-incoming": () => NO_ANSWER } },
    ]
  ) {
    await using qemu = new FakeQemu(script);
    const error = await assertRejects(() =>
      replay(SMALL.capture, {
        target: { kind: "address", to: qemu.to, qmp: qemu.qmp },
        limits: { ...SHORT, connectMs: 200, stallMs: 200 },
      }), QmpError);
    assertEquals([error.code, qemu.opened], ["silent", 0]);
    await qemu.left();
  }
});

test("replay() of a target that goes silent, and reads no more, hangs", async () => {
  const { verdict, outcome, emission } = await replayTo(BIG, {
    after: 1_000_000,
    then: (qemu) => {
      qemu.isMute = qemu.isDeaf = true;
    },
  }, { limits: SHORT });
  assertEquals(verdict.kind, "hangs");
  assertMatch(verdict.reason, /main waits for the target to take|does not answer any more/);
  assert(outcome !== undefined && emission?.sent === false);
});

test("replay() of a target that goes silent when it has all hangs", async () => {
  const { verdict, emission } = await replayTo(SMALL, { then: (qemu) => void (qemu.isMute = true) }, { limits: SHORT });
  assertEquals([verdict.kind, emission?.sent], ["hangs", true]);
});

test("replay() of a target that stays as it is hangs", async () => {
  const { verdict } = await replayTo(SMALL, { then: () => {} }, { limits: SHORT });
  assertEquals(verdict.kind, "hangs");
  assertMatch(
    verdict.reason,
    /the target stays setup|has got all, and has not ended .*; the status of the target is setup/,
  );
});

test("replay() of a target that closes everything, and goes on for ever, hangs", async () => {
  const { verdict, emission } = await replayTo(SMALL, { then: (qemu) => qemu.endChannels() }, { limits: SHORT });
  assertEquals([verdict.kind, verdict.by, emission?.error], ["hangs", "query-migrate", undefined]);
  assertStringIncludes(verdict.reason, "the target stays setup");
});

test("replay() of a listener that never reads hangs, and says what is waited for", async () => {
  for (const monitored of [true, false]) {
    const { verdict, emission } = await replayTo(BIG, { reads: false }, { monitored, limits: SHORT });
    assertEquals(verdict.kind, "hangs");
    assertMatch(verdict.reason, /Nothing went on for 0.4 s: main waits for the target to take/);
    assertEquals(emission?.error?.code, "stalled");
  }
});

test("replay() sends nothing to a target that refuses a setting", async () => {
  for (const command of ["migrate-set-capabilities", "migrate-incoming"]) {
    await using qemu = new FakeQemu({
      answers: {
        [command]: () => {
          throw new Refusal("not now");
        },
      },
    });
    const error = await assertRejects(
      () => replay(SMALL.capture, { target: { kind: "address", to: qemu.to, qmp: qemu.qmp } }),
      QmpError,
      `QEMU refuses ${command}: not now`,
    );
    assertEquals([error.code, qemu.opened], ["refused", 0]);
    await qemu.left();
  }
});

test("replay() to where nobody listens sends nothing, and does not wait for the target to end", async () => {
  const nobody = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  nobody.close();
  await using qemu = new FakeQemu();
  const to = { kind: "tcp", host: "127.0.0.1", port: nobody.addr.port } as const;
  for (const target of [{ kind: "address", to }, { kind: "address", to, qmp: qemu.qmp }] as const) {
    const begin = performance.now();
    const { verdict } = await replay(SMALL.capture, {
      target,
      limits: { ...LIMITS, lastWordsMs: 100 },
    });
    assertEquals([verdict.kind, verdict.by], ["not-sent", "migwire"]);
    assertStringIncludes(verdict.reason, "Cannot connect to tcp:127.0.0.1:");
    assert(performance.now() - begin < DEADLINE_MS);
  }
  await qemu.left();
});

test("replay() only looks at the target, if that is wished", async () => {
  const { verdict, emission, qemu } = await replayTo(SMALL, {}, { examineOnly: true });
  assertEquals([verdict.kind, verdict.by, emission], ["fits", "migwire", undefined]);
  assertEquals([qemu.told, qemu.opened], [[], 0]);
  const { verdict: other, mismatches } = await replayTo(SMALL, { machine: "pc-i440fx-9.2" }, { examineOnly: true });
  assertEquals([other.kind, mismatches.map(({ code }) => code)], ["does-not-fit", ["machine"]]);
  assertStringIncludes(other.reason, "the stream is of machine type pc-q35-9.2");
  const { verdict: blind } = await replayTo(SMALL, {}, { examineOnly: true, monitored: false });
  assertEquals(blind.kind, "unconfirmed");
});

test("replay() takes over the UUID of the target", async () => {
  const UUID = "01234567-89ab-cdef-0123-456789abcdef";
  const answers = { "query-uuid": () => ({ UUID }) };
  const { verdict, mismatches } = await replayTo(MULTIFD, { answers }, { targetUuid: true });
  const codes = mismatches.map(({ code }) => code);
  assertEquals([verdict.kind, codes], ["completed", ["device-missing"]]);
  const { mismatches: same } = await replayTo(MULTIFD, { answers }, {
    changes: { uuid: UUID.replaceAll("-", "").toUpperCase() },
    examineOnly: true,
  });
  assertEquals(same.map(({ code }) => code), ["device-missing"]);
  const { mismatches: other } = await replayTo(MULTIFD, { answers }, {
    changes: { uuid: UUID.replaceAll("0", "1") },
    examineOnly: true,
  });
  assertEquals(other.map(({ code }) => code), ["uuid", "device-missing"]);
  const error = await assertRejects(() => replayTo(MULTIFD, {}, { targetUuid: true, monitored: false }), EmitError);
  assertEquals(error.code, "no-monitor");
});

test("replay() lets the guest run, and takes it for a failure if it does not", async () => {
  const { verdict, qemu } = await replayTo(SMALL, {}, { cont: true });
  assertEquals([verdict.kind, qemu.runState], ["completed", "running"]);
  const refused = (): never => {
    throw new Refusal("Resetting the Virtual Machine is required");
  };
  const { verdict: failed } = await replayTo(SMALL, { answers: { "cont": refused } }, { cont: true });
  assertEquals([failed.kind, failed.by], ["failed", "cont"]);
  assertStringIncludes(failed.reason, "QEMU refuses cont: Resetting the Virtual Machine is required");
  const { verdict: still } = await replayTo(SMALL, { answers: { "cont": () => ({}) } }, { cont: true });
  assertEquals(still.reason, "the target says completed, but when it is to run it is paused");
  const ended = (interrupt: () => void): FakeQemuScript => ({
    answers: {
      "cont": () => {
        interrupt();
        return NO_ANSWER;
      },
    },
  });
  await assertRejects(() => interrupted(ended, SMALL, () => ({ cont: true })), DOMException);
  const { qemu: not } = await replayTo(SMALL, { then: (it) => it.fail() }, { cont: true });
  assertEquals(not.told.some(({ execute }) => execute === "cont"), false);
});

test("replay() takes what is held back on purpose for no sign of a target that hangs", async () => {
  const limits = { ...LIMITS, stallMs: 800 };
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  let asked = 0;
  const { verdict: gated } = await replayTo(SMALL, {}, {
    limits,
    gate: () => ++asked === 2 ? wait(1600) : Promise.resolve(),
  });
  assertEquals([gated.kind, asked > 2], ["completed", true]);
  const { verdict: paced } = await replayTo(SMALL, {}, {
    limits,
    pace: { chunk: 10_000, due: ({ end }) => end < 10_000 ? 0 : 1600 },
  });
  assertEquals(paced.kind, "completed");
});

test("replay() ends by what a tap throws, and leaves nothing", async () => {
  class Full extends NotingTap {
    override received(): void {
      throw new TypeError("the disk is full");
    }
  }
  await assertRejects(() => replayTo(SMALL, {}, { tap: () => new Full() }), TypeError, "the disk is full");
  const tap = (): never => {
    throw new TypeError("it is there already");
  };
  await using qemu = new FakeQemu();
  const target = { kind: "address", to: qemu.to, qmp: qemu.qmp } as const;
  await assertRejects(() => replay(SMALL.capture, { target, tap }), TypeError, "it is there already");
  await qemu.left();
  assertEquals([qemu.told, qemu.opened], [[], 0]);
});

/** Ends a replay when `when` says so. */
async function interrupted(
  script: (interrupt: () => void) => FakeQemuScript,
  data: Sent = SMALL,
  options: (interrupt: () => void) => Partial<ReplayOptions> = () => ({}),
): Promise<ReplayResult & { readonly qemu: FakeQemu }> {
  const controller = new AbortController();
  const interrupt = (): void => controller.abort(new DOMException("Interrupted", "AbortError"));
  return await replayTo(data, script(interrupt), { signal: controller.signal, ...options(interrupt) });
}

test("replay() that is ended before anything is sent throws the reason, and has touched nothing", async () => {
  const asked = (command: string) => (interrupt: () => void): FakeQemuScript => ({
    answers: {
      [command]: () => {
        interrupt();
        return NO_ANSWER;
      },
    },
  });
  for (const command of ["qmp_capabilities", "query-version", "query-migrate-parameters", "migrate-incoming"]) {
    const error = await assertRejects(() => interrupted(asked(command)), DOMException);
    assertEquals(error.name, "AbortError", command);
  }
  const notices = (interrupt: () => void): Partial<ReplayOptions> => ({ notice: interrupt });
  await assertRejects(() => interrupted(() => ({}), SMALL, notices), DOMException);
  const { signal } = { signal: AbortSignal.abort(new DOMException("Interrupted", "AbortError")) };
  await assertRejects(() => replayTo(SMALL, {}, { signal }), DOMException);
  await assertRejects(() => replayTo(SMALL, {}, { signal, monitored: false }), DOMException);
});

test("replay() that is ended while it sends, or waits for the target, says so", async () => {
  const sending = await interrupted((interrupt) => ({ after: 1_000_000, then: interrupt }), BIG);
  assertEquals([sending.verdict.kind, sending.emission?.sent], ["interrupted", false]);
  const deaf = await interrupted((interrupt) => ({
    after: 1_000_000,
    then: (qemu) => {
      qemu.isDeaf = true;
      interrupt();
    },
  }), BIG);
  assertEquals(deaf.verdict.kind, "interrupted");
  const gated = await interrupted(() => ({}), SMALL, (interrupt) => ({
    gate: () => {
      interrupt();
      return new Promise(() => {});
    },
  }));
  assertEquals(gated.verdict.kind, "interrupted");
  const waiting = await interrupted((interrupt) => ({
    then: (qemu) => {
      qemu.endChannels();
      setTimeout(interrupt, 200);
    },
  }));
  assertEquals([waiting.verdict.kind, waiting.emission?.sent], ["interrupted", true]);
});

Deno.test({
  name: "replay() stops the target that it has started, whatever happens",
  // Its monitor is a Unix socket, in a folder for temporary files.
  ignore: Deno.permissions.querySync({ name: "net" }).state !== "granted" ||
    Deno.permissions.querySync({ name: "run" }).state !== "granted" || !canWrite(),
  async fn(): Promise<void> {
    const program = new URL("../emit/spawn/fake_qemu_for_test.ts", import.meta.url).pathname;
    const argv = [Deno.execPath(), "run", "-A", "--no-check", "--quiet", program];
    // It has a monitor, and no more of a QEMU.
    const begin = (): Promise<ReplayResult> =>
      replay(SMALL.capture, { target: { kind: "spawn", argv, recorded: false } });
    await assertRejects(begin, QmpError, "does not say which QEMU it is");
  },
});

Deno.test("replay() to nobody needs nothing, and gives all bytes to the tap", async () => {
  const tap = new NotingTap();
  const notices: ReplayNotice[] = [];
  const { target, verdict, emission } = await replay(MULTIFD.capture, {
    target: { kind: "nowhere", name: "dir:out" },
    tap: () => tap,
    notice: (notice) => notices.push(notice),
  });
  assertEquals([target, verdict.kind, emission?.sent], ["dir:out", "written", true]);
  assertEquals(tap.notes.filter((note) => note.startsWith("open")).length, 3);
  assertEquals(notices[0]?.kind, "prelude");
  const controller = new AbortController();
  const ended = await replay(MULTIFD.capture, {
    target: { kind: "nowhere" },
    signal: controller.signal,
    gate: () => Promise.resolve(controller.abort()),
  });
  assertEquals([ended.target, ended.verdict.kind], ["nowhere", "interrupted"]);
});
