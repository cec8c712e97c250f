import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { concat } from "@std/bytes";
import { CAPTURE_NAMES, channelBytes, withCapture } from "../../testing/main_captures.ts";
import { CAPTURES, haveCaptures } from "../../testing/real_captures.ts";
import { randomNumbers } from "../../testing/random.ts";
import { type Capture, expectationsOf, openCapture, readCapture, type ReadChannel } from "../capture/mod.ts";
import { captureDigests, destinationSettings, loadCapture, type LoadResult } from "../load/mod.ts";
import { inspectCapture } from "../report/mod.ts";
import { isMultifdCompression, MIG_CMD } from "../wire/mod.ts";
import type { CommandRecord } from "../stream/mod.ts";
import { buildPlan, type PlanOptions } from "./build_plan.ts";
import { itemBytes } from "./deal/mod.ts";
import { Emission } from "./emission.ts";
import { EmitError } from "./emit_error.ts";
import { interleave } from "./interleave.ts";
import { PieceBuffer } from "./piece_buffer.ts";
import type { EmitPlan, PlannedConnection } from "./plan.ts";
import { CaptureTap } from "./plan_for_test.ts";
import { readScore, type Score, type ScoreOptions } from "./score.ts";
import { type PlannedStep, simulate } from "./simulate.ts";
import { SILENT_TARGET } from "./target.ts";

/** Captures that no connection carries, and why. */
const REFUSED: ReadonlyMap<string, string> = new Map([
  ["plain-mapped-ram", "mapped-ram"],
  ["plain-mapped-ram-multifd", "mapped-ram"],
  ["plain-multifd-tls", "encrypted"],
  ["plain-tls", "encrypted"],
  ["vfio-setup-fails", "no-main-channel"],
]);

const SENT = CAPTURE_NAMES.filter((name) => !REFUSED.has(name));

/** Those whose destination has got everything; two of the four channels of plain-channel-count-silent were dropped. */
const COMPLETED = SENT.filter((name) => {
  const { outcome } = JSON.parse(Deno.readTextFileSync(new URL(`${name}/capture.json`, CAPTURES)));
  return outcome.source === "completed" && outcome.destination === "completed" && name !== "plain-channel-count-silent";
});

Deno.test({ name: "there are captures that can be sent", ignore: !haveCaptures() }, () => {
  assert(SENT.length > 45 && COMPLETED.length > 30, `${SENT.length} ${COMPLETED.length}`);
});

for (const [name, code] of REFUSED) {
  Deno.test({
    name: `readScore() refuses ${name}: ${code}`,
    ignore: !haveCaptures(),
    fn: () => {
      const error = withCapture(name, (capture) => assertThrows(() => readScore(capture), EmitError));
      assertEquals(error.code, code);
      assertStringIncludes(error.message, "Cannot send");
      assert(error.hint !== "");
    },
  });
}

/** The bytes that a connection sends. */
function bytesOfConnection({ steps }: PlannedConnection): Uint8Array {
  return concat(steps.flatMap(({ items }) => items.map(itemBytes)));
}

/** The bytes of a connection as they are sent, in small pieces. */
function sentBytes({ steps }: PlannedConnection): Uint8Array {
  const pieces = new PieceBuffer(1000);
  return concat(steps.flatMap(({ items }) => Array.from(pieces.fill(items), ({ bytes }) => bytes.slice())));
}

/** The channels of a capture that are sent, by their label. */
function channelsOf(capture: Capture): Map<string, Uint8Array> {
  const { channels } = readCapture(capture, () => {});
  const isSent = ({ identity: { role } }: ReadChannel): boolean =>
    ["main", "recovery", "preempt", "multifd"].includes(role);
  return new Map(channels.filter(isSent).map((entry) => [entry.label, channelBytes(entry)]));
}

for (const name of SENT) {
  Deno.test(`a plan of ${name} sends exactly the bytes of its channels`, () => {
    withCapture(name, (capture) => {
      const channels = channelsOf(capture);
      for (const options of [{}, { reserialise: true }]) {
        const { connections } = buildPlan(readScore(capture, options), { apart: options.reserialise === true });
        assertEquals(connections.length, channels.size);
        for (const connection of connections) {
          const bytes = channels.get(connection.label) ?? new Uint8Array(0);
          // Not assertEquals(): what it says of megabytes is no help.
          assert(bytesOfConnection(connection).toHex() === bytes.toHex(), `${connection.label} ${options.reserialise}`);
          assert(sentBytes(connection).toHex() === bytes.toHex(), `${connection.label} in pieces`);
        }
      }
    });
  });
}

/** Where in an order the steps of a plan are. */
class Order {
  readonly #places = new Map<string, number>();
  readonly #plan: EmitPlan;

  constructor(plan: EmitPlan, order: readonly PlannedStep[]) {
    this.#plan = plan;
    for (const [place, { connection, step }] of order.entries()) this.#places.set(`${connection} ${step}`, place);
  }

  /** Place of the step that sends byte `offset` of a connection. */
  at(connection: number, offset: number): number {
    let end = 0;
    for (const [step, { items }] of (this.#plan.connections[connection]?.steps ?? []).entries()) {
      end += items.reduce((sum, { length }) => sum + length, 0);
      if (offset < end) return this.#places.get(`${connection} ${step}`) ?? NaN;
    }
    return NaN;
  }

  /** Index of a connection by its label. */
  of(label: string): number {
    return this.#plan.connections.findIndex((connection) => connection.label === label);
  }
}

/** A record of a multifd channel. */
interface LaneRecord {
  readonly offset: number;
  /** SYNC packets before it. */
  readonly interval: number;
  readonly isSync: boolean;
  readonly isDevice: boolean;
}

/** What of a capture must be in order, found in its records and not in the plan. */
interface Facts {
  /** Offsets of barriers in the main channel. */
  barriers: readonly number[];
  /** Offset of SWITCHOVER_START in the main channel. */
  start?: number;
  /** Offset of PACKAGED. */
  packaged?: number;
  /** Records of each multifd channel behind its initial packet, by its label. */
  readonly lanes: Map<string, LaneRecord[]>;
}

function factsOf(capture: Capture): Facts {
  const flushes: number[] = [];
  const ends: number[] = [];
  const facts: Facts = { barriers: [], lanes: new Map() };
  readCapture(capture, (record, { label, identity }) => {
    const { kind, offset } = record;
    if (identity.role === "main") {
      if (kind === "ram-multifd-flush") flushes.push(offset);
      if (kind === "ram-eos" && facts.packaged === undefined) ends.push(offset);
      if (kind === "command" && (record as CommandRecord).command === MIG_CMD.SWITCHOVER_START) facts.start = offset;
      if (kind === "command" && (record as CommandRecord).command === MIG_CMD.PACKAGED) facts.packaged = offset;
    }
    if (identity.role !== "multifd") return;
    const lane = facts.lanes.get(label) ?? [];
    facts.lanes.set(label, lane);
    if (kind === "multifd-init") return;
    lane.push({
      offset,
      interval: lane.filter(({ isSync }) => isSync).length,
      isSync: ((record as { flags?: number }).flags ?? 0) % 2 === 1,
      isDevice: kind === "multifd-device-state",
    });
  });
  if (facts.lanes.size > 0) facts.barriers = flushes.length > 0 ? flushes : ends;
  return facts;
}

/** Checks one order of a plan against what the capture says. */
function assertOrder(facts: Facts, order: Order, plan: EmitPlan, packetsFirst: boolean): void {
  const main = order.of("main");
  const barriers = facts.barriers.map((offset) => order.at(main, offset));
  const start = facts.start === undefined ? undefined : order.at(main, facts.start);
  const startInterval = facts.barriers.filter((offset) => offset < (facts.start ?? 0)).length;
  for (const [label, records] of facts.lanes) {
    const lane = order.of(label);
    for (const { offset, interval, isSync, isDevice } of records) {
      const at = order.at(lane, offset);
      const [before, behind] = [barriers[interval - 1] ?? -1, barriers[interval] ?? Infinity];
      assert(at > before, `${label}: ${offset} of interval ${interval} before barrier ${interval - 1}`);
      if (isSync) assert(at < behind, `${label}: SYNC ${interval} after its barrier`);
      if (!isDevice || start === undefined) continue;
      if (!packetsFirst) assert(at > start, `${label}: a device packet before SWITCHOVER_START`);
      else if (interval <= startInterval) assert(at < start, `${label}: a device packet after SWITCHOVER_START`);
    }
  }
  const preempt = plan.connections.findIndex(({ role }) => role === "preempt");
  if (preempt >= 0 && facts.packaged !== undefined) {
    assert(order.at(preempt, 0) > order.at(main, facts.packaged), "pages of the preempt channel before postcopy");
  }
}

const PLANS: readonly PlanOptions[] = [
  {},
  { switchoverStart: "after-packets" },
  { connectOrder: "main-last", apart: true },
  { connectOrder: "recorded", switchoverStart: "after-packets", apart: true },
];

for (const name of SENT) {
  Deno.test(`every order of a plan of ${name} has what must come first first`, () => {
    withCapture(name, (capture) => {
      const score = readScore(capture);
      const facts = factsOf(capture);
      for (const options of PLANS) {
        const plan = buildPlan(score, options);
        for (let seed = 0; seed < 5; seed++) {
          const random = randomNumbers(seed);
          const choose = (ready: readonly PlannedStep[]): PlannedStep =>
            ready[seed === 0 ? 0 : seed === 1 ? ready.length - 1 : random(ready.length)] as PlannedStep;
          const order = simulate(plan, choose);
          assertEquals(order.length, plan.connections.reduce((sum, { steps }) => sum + steps.length, 0));
          assertOrder(facts, new Order(plan, order), plan, options.switchoverStart === "after-packets");
        }
      }
    });
  });
}

Deno.test({
  name: "a plan waits for SWITCHOVER_ACK where INIT_DATA_SENT is, and nowhere else",
  ignore: !haveCaptures(),
  fn: () => {
    for (const name of SENT) {
      withCapture(name, (capture) => {
        let asked = false;
        readCapture(capture, ({ kind }) => asked ||= kind === "vfio-init-data-sent");
        const { connections } = buildPlan(readScore(capture));
        const acks = connections.flatMap(({ role, steps }) =>
          steps.flatMap(({ phase, after }) =>
            after.filter((one) => one.kind === "message" && one.message === "switchover-ack").map(() => [role, phase])
          )
        );
        const stops = connections.some(({ steps }) => steps.some(({ phase }) => phase === "switchover"));
        assertEquals(acks, asked && stops ? [["main", "switchover"]] : [], name);
      });
    }
  },
});

Deno.test(
  { name: "the preempt channel is open before the package, and asked for before", ignore: !haveCaptures() },
  () => {
    const { connections } = withCapture("plain-postcopy-preempt", (capture) => buildPlan(readScore(capture)));
    const [main, preempt] = connections;
    assertEquals([main?.role, preempt?.role], ["main", "preempt"]);
    assertEquals(preempt?.after, [{ kind: "message", message: "pong", count: 1 }]);
    const package_ = main?.steps.find(({ name }) => name === "PACKAGED");
    assertEquals(package_?.after, [{ kind: "opened", connection: 1 }]);
  },
);

Deno.test({ name: "a recovery goes on when the first connection is broken off", ignore: !haveCaptures() }, () => {
  const { connections } = withCapture("plain-postcopy-recover", (capture) => buildPlan(readScore(capture)));
  assertEquals(connections.map(({ role, ending, after }) => [role, ending, after]), [
    ["main", "interrupt", []],
    ["recovery", "keep", [{ kind: "recovery" }]],
  ]);
  const waits = connections[1]?.steps.flatMap(({ name, after }) => after.map((one) => [name, one]));
  assertEquals(waits?.map(([name]) => name), ["POSTCOPY_RESUME", "after POSTCOPY_RESUME"]);
});

// ---------------------------------------------------------------------------------------------------------------------

/** Loads a capture as `migwire load` does. */
async function load(capture: Capture, order: "recorded" | "canonical"): Promise<LoadResult> {
  const { main, channels, devices } = inspectCapture(capture);
  const methods = channels.flatMap(({ compression = [] }) => compression).filter(isMultifdCompression);
  const settings = destinationSettings(expectationsOf(capture.manifest, {}), {
    ...(main === null || main.machine === null ? {} : { machine: main.machine }),
    arm: main !== null && main.targetPageBits !== null,
    multifdChannels: channels.filter(({ role }) => role === "multifd").length,
    compression: methods.find((method) => method !== "none") ?? "none",
    devices: devices.map(({ idstr, instanceId, precopyRecords, initDataSent }) => ({
      idstr,
      instanceId,
      precopy: precopyRecords > 0 || initDataSent,
    })),
  }, {});
  return await loadCapture(capture, {
    settings,
    order,
    multifd: {
      qemu: settings.profile.version,
      ...(settings.compression === undefined ? {} : { compression: settings.compression }),
    },
  });
}

const digestsOf = ({ devices }: LoadResult): unknown =>
  devices.map(({ idstr, instanceId, sha256, configSha256 }) => ({ idstr, instanceId, sha256, configSha256 }));

/** Sends a plan to nobody, and gives what came there. */
async function sent(plan: EmitPlan, capture: Capture): Promise<Capture> {
  const tap = new CaptureTap();
  const { error } = await new Emission(plan, SILENT_TARGET, { tap }).finished;
  assertEquals(error, undefined);
  return tap.capture(capture);
}

/** Ways to send a capture. */
const WAYS: readonly { readonly score?: ScoreOptions; readonly plan?: PlanOptions; readonly seed?: number }[] = [
  {},
  { score: { reserialise: true }, plan: { connectOrder: "main-last" } },
  { plan: { switchoverStart: "after-packets", connectOrder: "recorded" } },
  ...[1, 2, 3].map((seed) => ({ seed, plan: { apart: true } })),
  { seed: 4, plan: { apart: true, switchoverStart: "after-packets" } },
];

function planOfWay(score: Score, { plan, seed }: (typeof WAYS)[number]): EmitPlan {
  const built = buildPlan(score, plan);
  if (seed === undefined) return built;
  return interleave(built, seed);
}

for (const name of COMPLETED) {
  Deno.test(`what is sent of ${name}, in whatever way, loads as the capture does`, async () => {
    const capture = openCapture(decodeURIComponent(new URL(name, CAPTURES).pathname));
    try {
      const { events: _events, ...unordered } = capture;
      const expected = await load(unordered, "canonical");
      assertEquals(expected.verdict.kind, "ok", JSON.stringify(expected.verdict));
      const { blocks, devices } = await captureDigests(capture);
      for (const way of WAYS) {
        const plan = planOfWay(readScore(capture, way.score ?? {}), way);
        const copy = await sent(plan, capture);
        const result = await load(copy, "recorded");
        assertEquals(result.verdict.kind, "ok", JSON.stringify([way, result.verdict]));
        assertEquals(digestsOf(result), digestsOf(expected));
        const digests = await captureDigests(copy);
        assertEquals([digests.blocks, digests.devices], [blocks, devices]);
      }
    } finally {
      capture.close();
    }
  });
}
