import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  be,
  BLOCK,
  blockList,
  counted,
  FLUSH,
  MainStream,
  page,
  RAM_EOS,
  ramStream,
  smallStream,
  stream,
  word,
} from "../../testing/main_stream.ts";
import { devicePacket, memoryCapture, multifdChannel } from "../../testing/memory_capture.ts";
import { packet } from "../load/streams_for_test.ts";
import { MIG_CMD } from "../wire/mod.ts";
import { buildPlan, type PlanOptions } from "./build_plan.ts";
import { describeWait } from "./describe_wait.ts";
import { EmitError } from "./emit_error.ts";
import { interleave } from "./interleave.ts";
import type { EmitPlan } from "./plan.ts";
import { noise, planOf } from "./plan_for_test.ts";
import { readScore } from "./score.ts";
import { simulate } from "./simulate.ts";

const { OPEN_RETURN_PATH, PING, POSTCOPY_ADVISE, POSTCOPY_LISTEN, POSTCOPY_RESUME } = MIG_CMD;
const { RECV_BITMAP, SWITCHOVER_START } = MIG_CMD;

function planOfBytes(connections: readonly Uint8Array[], options: PlanOptions = {}): EmitPlan {
  return buildPlan(readScore(memoryCapture(connections.map((bytes) => ({ bytes }))), { pageSize: 4096 }), options);
}

/** What each step of a plan waits for, by connection; steps that wait for nothing are left out. */
function waitsOf(plan: EmitPlan): { readonly [label: string]: readonly string[] } {
  return Object.fromEntries(plan.connections.map(({ label, after, steps }) => [label, [
    ...after.map((one) => `opening: ${describeWait(one, plan)}`),
    ...steps.flatMap(({ name, after }) => after.map((one) => `${name}: ${describeWait(one, plan)}`)),
  ]]));
}

/** RAM in two rounds, and a device. */
const MODERN = stream().start(2, "ram", 4, [blockList({ [BLOCK]: 0x4000 }), FLUSH, RAM_EOS])
  .part(2, RAM_EOS).command(SWITCHOVER_START).end(2, [FLUSH, RAM_EOS]).eof().bytes();

const SYNC = packet.sync();
const RAM = packet.ram(BLOCK, [{ offset: 0, content: new Uint8Array(4096).fill(1) }]);
const LANES = [
  multifdChannel(0, SYNC, RAM, devicePacket(0, 5), SYNC, devicePacket(1, 5)),
  multifdChannel(1, SYNC, RAM, SYNC),
];

Deno.test("buildPlan() lets channels and barriers wait for each other, and device packets for SWITCHOVER_START", () => {
  assertEquals(waitsOf(planOfBytes([MODERN, ...LANES])), {
    "main": [
      "MULTIFD_FLUSH: multifd 0 to send packets up to SYNC 0",
      "MULTIFD_FLUSH: multifd 1 to send packets up to SYNC 0",
      "MULTIFD_FLUSH: multifd 0 to send packets up to SYNC 1",
      "MULTIFD_FLUSH: multifd 1 to send packets up to SYNC 1",
    ],
    "multifd 0": [
      "packets up to SYNC 1: main to send MULTIFD_FLUSH",
      "device packets of interval 1: main to send MULTIFD_FLUSH",
      "device packets of interval 1: main to send SWITCHOVER_START",
      "packets up to SYNC 1: main to send MULTIFD_FLUSH",
      "device packets of interval 2: main to send MULTIFD_FLUSH",
      "device packets of interval 2: main to send SWITCHOVER_START",
    ],
    "multifd 1": ["packets up to SYNC 1: main to send MULTIFD_FLUSH"],
  });
});

Deno.test("buildPlan() sends the device packets first that can be, if it is so wished", () => {
  const waits = waitsOf(planOfBytes([MODERN, ...LANES], { switchoverStart: "after-packets" }));
  assertEquals(waits["main"]?.filter((wait) => wait.startsWith("SWITCHOVER_START")), [
    "SWITCHOVER_START: multifd 0 to send device packets of interval 1",
  ]);
  assert(!JSON.stringify(waits).includes("to send SWITCHOVER_START"));
});

Deno.test("buildPlan() takes the ends of sections for barriers where there is no MULTIFD_FLUSH", () => {
  const main = ramStream().part(2, RAM_EOS).end(2, RAM_EOS).eof().bytes();
  const { main: waits } = waitsOf(planOfBytes([main, multifdChannel(0, SYNC, SYNC, SYNC)]));
  assertEquals(waits, [0, 1, 2].map((k) => `end of a RAM section: multifd 0 to send packets up to SYNC ${k}`));
  assertEquals(waitsOf(planOfBytes([main])), { main: [] });
});

Deno.test("buildPlan() lets nobody wait for SYNC packets that a channel does not have", () => {
  const { main } = waitsOf(planOfBytes([MODERN, multifdChannel(0, SYNC, RAM), multifdChannel(1).subarray(0, 20)]));
  assertEquals(main, ["MULTIFD_FLUSH: multifd 0 to send packets up to SYNC 0"]);
});

Deno.test("buildPlan() opens connections in the order that is asked for, and goes by it", () => {
  const connections = [LANES[1], MODERN, LANES[0]].map((bytes) => bytes ?? new Uint8Array(0));
  const labels = (connectOrder: PlanOptions["connectOrder"]): string[] =>
    planOfBytes(connections, connectOrder === undefined ? {} : { connectOrder }).connections.map(({ label }) => label);
  assertEquals(labels(undefined), ["main", "multifd 0", "multifd 1"]);
  assertEquals(labels("main-last"), ["multifd 0", "multifd 1", "main"]);
  assertEquals(labels("recorded"), ["multifd 1", "main", "multifd 0"]);
  assertEquals(labels([2, 0, 1]), ["multifd 1", "main", "multifd 0"]);
  const sorted = (plan: EmitPlan): string[] => Object.values(waitsOf(plan)).flat().sort();
  assertEquals(sorted(planOfBytes(connections, { connectOrder: [2, 0, 1] })), sorted(planOfBytes([MODERN, ...LANES])));
  assertThrows(() => labels([0, 1]), RangeError, "Cannot open the connections in the order 0,1");
});

Deno.test("buildPlan() sends other multifd channels than those of the capture", () => {
  const score = readScore(memoryCapture([MODERN, ...LANES].map((bytes) => ({ bytes }))), { pageSize: 4096 });
  const { connections, needs } = buildPlan(score, { lanes: score.lanes.slice(1) });
  assertEquals([connections.map(({ label }) => label), needs.multifdChannels], [["main", "multifd 1"], 1]);
  assertEquals(
    buildPlan(score, { lanes: [] }).connections.flatMap(({ steps }) => steps).flatMap(({ after }) => after),
    [],
  );
});

Deno.test("a channel that is cut within its initial packet has no id", () => {
  const { connections } = planOfBytes([MODERN, multifdChannel(1).subarray(0, 20)]);
  assertEquals(connections.map(({ label }) => label), ["main", "multifd"]);
});

Deno.test("a plan knows whether its stream is whole, and what becomes of its connections", () => {
  const endings = (plan: EmitPlan): unknown => [plan.whole, plan.connections.map(({ ending }) => ending)];
  assertEquals(endings(planOfBytes([MODERN, ...LANES])), [true, ["keep", "keep", "keep"]]);
  assertEquals(endings(planOfBytes([MODERN.subarray(0, 60), ...LANES])), [false, ["close", "close", "close"]]);
});

// ---------------------------------------------------------------------------------------------------------------------

/** Postcopy, interrupted twice, with preempt channels. */
function recovered(): Uint8Array[] {
  const main = ramStream().command(OPEN_RETURN_PATH).command(PING, be(1, 4)).command(
    POSTCOPY_ADVISE,
    word(4096),
    word(4096),
  )
    .packaged(new MainStream().command(POSTCOPY_LISTEN)).part(2, [page(0, BLOCK), RAM_EOS]).bytes();
  const recovery = (blocks: number): MainStream => {
    const begun = new MainStream();
    for (let i = 0; i < blocks; i++) begun.command(RECV_BITMAP, counted(BLOCK));
    return begun.command(POSTCOPY_RESUME).part(2, [page(0x1000, BLOCK), RAM_EOS]);
  };
  const preempt = page(0x2000, BLOCK);
  return [main, preempt, recovery(2).bytes(), preempt, recovery(3).end(2, RAM_EOS).eof().bytes(), preempt];
}

Deno.test("each recovery waits for its own answers, and preempt channels for the postcopy that they belong to", () => {
  const plan = planOfBytes(recovered());
  assertEquals(Object.values(waitsOf(plan)), [
    ["PACKAGED: the connection preempt"],
    ["opening: PONG from the target", "begin: main to send PACKAGED"],
    [
      "opening: the target to listen again for a recovery",
      "POSTCOPY_RESUME: RECV_BITMAP from the target, 2 times",
      "after POSTCOPY_RESUME: RESUME_ACK from the target",
    ],
    ["begin: recovery to send POSTCOPY_RESUME"],
    [
      "opening: the target to listen again for a recovery",
      "POSTCOPY_RESUME: RECV_BITMAP from the target, 5 times",
      "after POSTCOPY_RESUME: RESUME_ACK from the target, 2 times",
      "EOF: preempt to send begin",
      "EOF: preempt (connection 3) to send begin",
      "EOF: preempt (connection 5) to send begin",
    ],
    ["begin: recovery (connection 4) to send POSTCOPY_RESUME"],
  ]);
  assertEquals(plan.connections.map(({ role, ending }) => [role, ending]), [
    ["main", "interrupt"],
    ["preempt", "interrupt"],
    ["recovery", "interrupt"],
    ["preempt", "interrupt"],
    ["recovery", "keep"],
    ["preempt", "keep"],
  ]);
});

Deno.test("no order of a plan sends anything of a recovery before all that came before it", () => {
  const plan = planOfBytes(recovered());
  for (let seed = 0; seed < 20; seed++) {
    const order = simulate(interleave(plan, seed), (ready) => ready.at(-1) ?? { connection: 0, step: 0 });
    const last = (of: (connection: number) => boolean): number =>
      order.findLastIndex(({ connection }) => of(connection));
    const first = (of: (connection: number) => boolean): number => order.findIndex(({ connection }) => of(connection));
    for (const recovery of [2, 4]) assert(last((one) => one < recovery) < first((one) => one >= recovery));
  }
});

Deno.test("a preempt channel is asked for by a PING, if there is one", () => {
  const plan = planOfBytes([ramStream().eof().bytes(), page(0, BLOCK)]);
  assertEquals(waitsOf(plan), { main: ["EOF: preempt to send begin"], preempt: [] });
});

Deno.test("connections that wait for each other are told, not waited for", () => {
  const plan = planOf([
    { steps: [{ bytes: noise(1), name: "a", after: [{ kind: "sent", connection: 1, steps: 1 }] }] },
    { steps: [{ bytes: noise(1), name: "b", after: [{ kind: "sent", connection: 0, steps: 1 }] }] },
    { after: [{ kind: "sent", connection: 0, steps: 1 }], steps: [{ bytes: noise(1) }] },
  ]);
  for (const act of [(): unknown => simulate(plan, ([step]) => step as never), (): unknown => interleave(plan, 1)]) {
    const error = assertThrows(act, EmitError);
    assertEquals([error.code, error.message], [
      "plan",
      "Cannot send: the connections wait for each other: main for multifd 0 to send b; multifd 0 for main to send a; " +
      "multifd 1 for the connection multifd 1",
    ]);
  }
});

Deno.test("the end of the main channel comes last where the order is random", () => {
  const plan = planOfBytes([MODERN, ...LANES], { apart: true });
  for (let seed = 0; seed < 20; seed++) {
    const single = interleave(plan, seed);
    const order = simulate(single, ([next]) => next ?? { connection: 0, step: 0 });
    const { connection = -1, step = -1 } = order.at(-1) ?? {};
    assertEquals(single.connections[connection]?.steps[step]?.name, "EOF");
  }
});

Deno.test("what cannot be sent is told with its reason", () => {
  const bytes = smallStream().bytes();
  const codeOf = (act: () => unknown): string => assertThrows(act, EmitError).code;
  assertEquals(codeOf(() => readScore(memoryCapture([]))), "no-main-channel");
  assertEquals(codeOf(() => readScore(memoryCapture([{ bytes: LANES[0] ?? bytes }]))), "no-main-channel");
  const capture = memoryCapture([{ bytes }]);
  const [channel] = capture.channels;
  if (channel === undefined) throw new TypeError("a channel");
  const { source: _source, ...rest } = channel;
  let at = 0;
  const read = (into: Uint8Array): number => {
    const piece = bytes.subarray(at, at += into.length);
    into.set(piece);
    return piece.length;
  };
  const piped = { ...capture, channels: [{ ...rest, pipe: { head: bytes, read } }] };
  assertEquals(codeOf(() => readScore(piped)), "not-seekable");
});
