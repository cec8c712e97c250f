import { assertEquals, assertStringIncludes } from "@std/assert";
import { devicePacket, memoryCapture, multifdChannel } from "../../testing/memory_capture.ts";
import { BLOCK, blockList, FLUSH, RAM_EOS, stream } from "../../testing/main_stream.ts";
import { syncPacket } from "../emit/deal/made_lanes_for_test.ts";
import { buildPlan, readScore, type Score, simulate } from "../emit/mod.ts";
import { closeShort, heldBack } from "./hold_back.ts";

/** A main channel with two barriers. */
const MAIN = stream("pc-q35-10.0")
  .start(2, "ram", 4, [blockList({ [BLOCK]: 0x10000 }), FLUSH, RAM_EOS])
  .command(11)
  .end(2, [FLUSH, RAM_EOS])
  .eof().bytes();

const WHOLE = multifdChannel(0, syncPacket(0), devicePacket(0, 10), syncPacket(2), devicePacket(1, 10, { flags: 1 }));

/** What is in a migration with two multifd channels, the second of which is this. */
function scoreOf(second: Uint8Array): Score {
  return readScore(memoryCapture([{ bytes: MAIN }, { bytes: WHOLE }, { bytes: second }]));
}

Deno.test("heldBack() leaves a migration alone whose channels have all SYNCs", () => {
  const score = scoreOf(multifdChannel(1, syncPacket(1), syncPacket(3)));
  assertEquals(heldBack(score), score);
});

Deno.test("heldBack() leaves a migration without multifd channels alone", () => {
  const score = readScore(memoryCapture([{ bytes: MAIN }]));
  assertEquals(heldBack(score), score);
});

Deno.test("heldBack() sends nothing from the barrier on that a channel does not come to, and says why", () => {
  const score = scoreOf(multifdChannel(1, syncPacket(1), devicePacket(5, 10)).subarray(0, -3));
  const { main, lanes, needs, notes, heldBefore } = heldBack(score);
  assertEquals([heldBefore, needs.whole], [1, false]);
  assertEquals(main.stretches.map(({ name }) => name), [
    "setup",
    "MULTIFD_FLUSH",
    "end of a RAM section",
    "SWITCHOVER_START",
  ]);
  assertEquals(lanes.map(({ intervals }) => intervals.length), [2, 2]);
  assertEquals(notes.length, 1);
  assertStringIncludes(notes[0] ?? "", "multifd 1: ends before SYNC 1");
});

Deno.test("heldBack() holds back from the first barrier if a channel has no SYNC at all", () => {
  const { main, heldBefore } = heldBack(scoreOf(multifdChannel(1)));
  assertEquals([heldBefore, main.stretches.map(({ name }) => name)], [0, ["setup"]]);
});

Deno.test("closeShort() closes the channels that ended too early, and no other; the plan can be carried out", () => {
  const score = heldBack(scoreOf(multifdChannel(1, syncPacket(1))));
  const plan = closeShort(buildPlan(score), score.lanes, score.heldBefore ?? -1);
  assertEquals(plan.connections.map(({ label, ending }) => [label, ending]), [
    ["main", "keep"],
    ["multifd 0", "keep"],
    ["multifd 1", "close"],
  ]);
  const steps = plan.connections.reduce((sum, connection) => sum + connection.steps.length, 0);
  assertEquals(simulate(plan, (ready) => ready[0] ?? { connection: 0, step: 0 }).length, steps);
});
