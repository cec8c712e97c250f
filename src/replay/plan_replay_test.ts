import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { concat } from "@std/bytes";
import { devicePacket, memoryCapture, multifdChannel } from "../../testing/memory_capture.ts";
import { BLOCK, blockList, FLUSH, RAM_EOS, smallStream, stream, subsection } from "../../testing/main_stream.ts";
import { type Capture, type CaptureManifest, readCapture } from "../capture/mod.ts";
import { itemBytes } from "../emit/deal/mod.ts";
import { syncPacket } from "../emit/deal/made_lanes_for_test.ts";
import { EmitError, type EmitPlan } from "../emit/mod.ts";
import { CaptureTap } from "../emit/plan_for_test.ts";
import { formatUuid } from "../wire/mod.ts";
import { replay } from "./mod.ts";
import { planReplay, type ReplayChanges, replayScore } from "./plan_replay.ts";
import { uuidBytes, uuidChange, uuidText } from "./uuid_change.ts";

const UUID = "01234567-89ab-cdef-0123-456789abcdef";

/** A main channel with a barrier, SWITCHOVER_START, and another barrier. */
const MAIN = stream("pc-q35-10.0")
  .start(2, "ram", 4, [blockList({ [BLOCK]: 0x10000 }), RAM_EOS])
  .part(2, [FLUSH, RAM_EOS])
  .command(11)
  .end(2, [FLUSH, RAM_EOS])
  .eof().bytes();

/** A main channel, and multifd channels with a device's packets between SYNCs. */
function multifdCapture(manifest?: Partial<CaptureManifest>): Capture {
  const capture = memoryCapture([
    { bytes: MAIN },
    { bytes: multifdChannel(0, syncPacket(0), devicePacket(0, 100), devicePacket(2, 30, { flags: 1 }), syncPacket(2)) },
    { bytes: multifdChannel(1, syncPacket(1), devicePacket(1, 50), syncPacket(3)) },
  ]);
  return manifest === undefined ? capture : { ...capture, manifest: { name: "made", ...manifest } as CaptureManifest };
}

/** A capture of a main channel alone. */
function mainCapture(bytes: Uint8Array = smallStream().bytes()): Capture {
  return memoryCapture([{ bytes }]);
}

/** The bytes that a plan sends, by connection. */
function bytesOfPlan({ connections }: EmitPlan): { readonly [label: string]: string } {
  return Object.fromEntries(
    connections.map(({ label, steps }) => [
      label,
      concat(steps.flatMap(({ items }) => items.map(itemBytes))).toHex(),
    ]),
  );
}

/** The UUIDs in what a replay sends. */
async function sentUuids(capture: Capture, changes: ReplayChanges): Promise<string[]> {
  const tap = new CaptureTap();
  await replay(capture, { target: { kind: "nowhere" }, changes, tap: () => tap });
  const found: string[] = [];
  readCapture(tap.capture(capture), (record) => {
    if (record.kind === "multifd-init") found.push(formatUuid((record as unknown as { uuid: Uint8Array }).uuid));
    if (record.kind !== "configuration") return;
    const { subsections } = record as unknown as { subsections: { uuid?: Uint8Array }[] };
    for (const { uuid } of subsections) if (uuid !== undefined) found.push(formatUuid(uuid));
  });
  return found;
}

Deno.test("planReplay() sends what was recorded where nothing is to be changed", async () => {
  const capture = multifdCapture();
  const sent = bytesOfPlan(await planReplay(capture));
  assertEquals(Object.keys(sent), ["main", "multifd 0", "multifd 1"]);
  assertEquals(sent.main, MAIN.toHex());
  assertEquals(bytesOfPlan(await planReplay(capture, { reserialise: true })), sent);
  assertEquals(bytesOfPlan(await planReplay(capture, {}, replayScore(capture))), sent);
});

Deno.test("planReplay() opens the connections in the order that is wished", async () => {
  const { connections } = await planReplay(multifdCapture(), { connectOrder: [2, 0, 1] });
  assertEquals(connections.map(({ label }) => label), ["multifd 1", "main", "multifd 0"]);
  await assertRejects(() => planReplay(multifdCapture(), { connectOrder: [1, 1, 0] }), RangeError, "1,1,0");
});

Deno.test("planReplay() deals packets to other channels", async () => {
  for (const channels of [1, 2, 5]) {
    const { connections } = await planReplay(multifdCapture(), { channels });
    assertEquals(connections.length, 1 + channels);
  }
  await assertRejects(() => planReplay(multifdCapture(), { channels: 0 }), RangeError);
});

Deno.test("planReplay() makes the same order of a seed, and other ones of others", async () => {
  const order = async (seed: number): Promise<string> => {
    const plan = await planReplay(multifdCapture(), { seed });
    return JSON.stringify([bytesOfPlan(plan), plan.connections.map(({ steps }) => steps.map(({ after }) => after))]);
  };
  assertEquals(await order(1), await order(1));
  const orders = await Promise.all([1, 2, 3, 4, 5, 6].map(order));
  assert(new Set(orders).size > 1);
});

Deno.test("planReplay() refuses to deal to channels of a stream that has none", async () => {
  const error = await assertRejects(() => planReplay(mainCapture(), { channels: 2 }), EmitError);
  assertEquals([error.code, error.hint], ["plan", "leave out --channels"]);
  assertStringIncludes(error.message, "the stream has none");
  // An order of one channel is what it is.
  const { main } = bytesOfPlan(await planReplay(mainCapture(), { seed: 1 }));
  assertEquals(main, smallStream().bytes().toHex());
});

/** Place of SWITCHOVER_START, and of the first packet of the device, in the order of a plan. */
async function places(changes: ReplayChanges): Promise<{ start: number; packets: number[] }> {
  const tap = new CaptureTap();
  await replay(multifdCapture(), { target: { kind: "nowhere" }, changes, tap: () => tap });
  const capture = tap.capture({});
  const ends: { channel: number; end: number }[] = [];
  for (const event of capture.events ?? []) {
    if (event.kind === "data") ends.push({ channel: event.channel, end: event.offset + event.length });
  }
  const found = { start: -1, packets: [] as number[] };
  readCapture(capture, ({ kind, offset, length, ...rest }, { channel: { index } }) => {
    const place = ends.findIndex(({ channel, end }) => channel === index && end >= offset + length);
    if (kind === "command" && (rest as unknown as { command: number }).command === 11) found.start = place;
    if (kind === "multifd-device-state") found.packets.push(place);
  });
  return found;
}

Deno.test("planReplay() sends SWITCHOVER_START before the packets of devices, or after all that can be", async () => {
  const before = await places({ switchoverStart: "before-packets" });
  assert(before.packets.length === 3 && before.packets.every((place) => place > before.start), JSON.stringify(before));
  const after = await places({ switchoverStart: "after-packets" });
  assert(after.packets.length === 3 && after.packets.every((place) => place < after.start), JSON.stringify(after));
});

Deno.test("planReplay() writes a UUID into initial packets and the configuration", async () => {
  assertEquals(await sentUuids(multifdCapture(), { uuid: UUID }), [UUID, UUID]);
  const validated = stream("pc", subsection("configuration/uuid", new Uint8Array(16).fill(9))).eof().bytes();
  assertEquals(await sentUuids(mainCapture(validated), { uuid: UUID.toUpperCase() }), [UUID]);
  assertEquals(await sentUuids(mainCapture(validated), {}), ["09090909-0909-0909-0909-090909090909"]);
});

Deno.test("replayScore() says that there is no UUID that could be changed", () => {
  assertEquals(replayScore(mainCapture(), { uuid: UUID }).notes, ["there is no UUID in the stream: none is written"]);
  assertEquals(replayScore(multifdCapture(), { uuid: UUID }).notes, []);
});

Deno.test("a UUID is 32 hexadecimal digits, with dashes or without", () => {
  assertEquals(uuidBytes(UUID)?.toHex(), UUID.replaceAll("-", ""));
  assertEquals(uuidText(UUID.replaceAll("-", "").toUpperCase()), UUID);
  for (const text of ["", "target", UUID.slice(1), `${UUID}0`, UUID.replace("a", "g")]) {
    assertEquals(uuidBytes(text), undefined);
    assertEquals(uuidText(text), text);
    assertThrows(() => uuidChange(text), TypeError, "32 hexadecimal digits are wanted");
  }
});

/** What a recorded destination said of itself. */
function recorded(channels: number | undefined, status: string): Partial<CaptureManifest> {
  return {
    destination: { parameters: channels === undefined ? {} : { "multifd-channels": channels } },
    outcome: { destination: status },
  };
}

Deno.test("replayScore() leaves out channels that a destination dropped that has completed", () => {
  for (
    const [channels, status, count] of [
      [1, "completed", 1],
      [2, "completed", 2],
      [4, "completed", 2],
      [undefined, "completed", 2],
      [1, "failed", 2],
    ] as const
  ) {
    const { lanes, notes, needs } = replayScore(multifdCapture(recorded(channels, status)));
    assertEquals([lanes.length, needs.multifdChannels], [count, count]);
    const note = "not sent: multifd 1: the recorded destination took 1 multifd channels and dropped the rest";
    assertEquals(notes, count === 1 ? [note] : []);
  }
});

Deno.test("replayScore() says which channels are missing in the capture", () => {
  const { channels: [main, , multifd], ...rest } = multifdCapture();
  assert(main !== undefined && multifd !== undefined);
  const { notes, needs } = replayScore({ ...rest, channels: [main, multifd] });
  assertEquals(notes, ["multifd 0 is not in the capture: the target waits for it"]);
  assertEquals(needs.multifdChannels, 2);
});

Deno.test("planReplay() sends nothing from the barrier on that a channel ends before, and closes that channel", async () => {
  const capture = memoryCapture([
    { bytes: MAIN },
    { bytes: multifdChannel(0, syncPacket(0), devicePacket(0, 100), syncPacket(2)) },
    { bytes: multifdChannel(1, syncPacket(1), devicePacket(1, 50).subarray(0, 300)) },
  ]);
  const { heldBefore, notes, needs: { whole } } = replayScore(capture);
  assertEquals([heldBefore, whole], [1, false]);
  assertEquals(
    notes.at(-1),
    "multifd 1: ends before SYNC 1, which QEMU would wait for: what comes behind it is not sent",
  );
  const plan = await planReplay(capture);
  assertEquals(plan.connections.map(({ label, ending }) => [label, ending]), [
    ["main", "keep"],
    ["multifd 0", "keep"],
    ["multifd 1", "close"],
  ]);
  const { main = "" } = bytesOfPlan(plan);
  const cut = memoryCapture([
    { bytes: MAIN },
    { bytes: multifdChannel(0, syncPacket(0), syncPacket(2)) },
    { bytes: multifdChannel(1).subarray(0, 20) },
  ]);
  assertStringIncludes(replayScore(cut).notes.join(), "ends before SYNC 0, which QEMU would wait for");
  assert(MAIN.toHex().startsWith(main) && main.length < MAIN.length * 2);
});
