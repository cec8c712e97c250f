import { assert, assertEquals, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { constants, deflateSync } from "node:zlib";
import { devicePacket, multifdChannel } from "../../../testing/memory_capture.ts";
import { MULTIFD_FLAG } from "../../wire/mod.ts";
import type { Lane } from "../lane.ts";
import { assertDealt, devicePacketsOf, laneBytes, readBack } from "./deal_for_test.ts";
import { laneOfBytes, madeLane, ramPacket, syncPacket } from "./made_lanes_for_test.ts";
import { deal, DealError, type DealErrorCode, type DealOptions, placeDevicePackets, withUuid } from "./mod.ts";

/** Kinds of what a lane sends, interval by interval. */
function kindsOf({ intervals }: Lane): string[][] {
  const short = (kind: string): string => kind.replace("multifd-", "");
  return intervals.map(({ packets, sync }) =>
    [...packets, ...(sync === undefined ? [] : [sync])].map(({ kind }) => short(kind))
  );
}

async function refused(lanes: readonly Lane[], options: DealOptions, code: DealErrorCode): Promise<string> {
  const error = await assertRejects(() => deal(lanes, options), DealError);
  assertEquals(error.code, code);
  return error.message;
}

/** Eight packets of one page, on two lanes. */
const twoLanes = [0, 1].map((id) =>
  madeLane(
    id,
    syncPacket(),
    ...[0, 1, 2, 3].map((n) => ramPacket({ num: 4 * id + n, normal: [0x1000 * (4 * id + n)] })),
  )
);

Deno.test("deal() deals evenly", async () => {
  const lanes = await deal(twoLanes, { channels: 4 });
  assertDealt(lanes, twoLanes);
  assertEquals(lanes.map(kindsOf), new Array(4).fill([["sync"], ["ram", "ram"]]));
});

Deno.test("deal() deals the same for the same seed, and otherwise for another", async () => {
  const bytes = async (seed: number): Promise<string[]> =>
    (await deal(twoLanes, { seed, channels: 3 })).map((lane) => laneBytes(lane).toHex());
  assertEquals(await bytes(5), await bytes(5));
  assertNotEquals(await bytes(5), await bytes(6));
});

Deno.test("deal() leaves the number of channels if nothing is said, and the initial packets that fit", async () => {
  const lanes = await deal([...twoLanes].reverse());
  assertDealt(lanes, twoLanes);
  assertEquals(lanes.map(({ init }) => init), twoLanes.map(({ init }) => init));
});

Deno.test("deal() keeps packets with a common page together and in order, also across channels", async () => {
  const original = [
    madeLane(0, syncPacket(), ramPacket({ num: 1, normal: [0x1000] }), ramPacket({ num: 2, zero: [0x1000, 0x2000] })),
    madeLane(1, syncPacket(), ramPacket({ num: 3, normal: [0x2000] }), ramPacket({ num: 4, normal: [0x9000] })),
  ];
  for (let seed = 0; seed < 30; seed++) assertDealt(await deal(original, { seed, channels: 4 }), original);
});

Deno.test("deal() takes a page that begins elsewhere for a part of two", async () => {
  const original = [madeLane(0, ramPacket({ num: 1, normal: [0x800] }), ramPacket({ num: 2, normal: [0x1000] }))];
  const lanes = await deal(original, { channels: 2 });
  assertEquals(lanes.map((lane) => kindsOf(lane)), [[["ram", "ram"]], [[]]]);
});

Deno.test("deal() makes two packets of one with pages and SYNC, and drops what QEMU 7.2 leaves over", async () => {
  const both = ramPacket({ num: 1, normal: [0x1000], flags: MULTIFD_FLAG.SYNC });
  const original = [madeLane(0, both, ramPacket({ num: 1 }), ramPacket({ num: 2, normal: [0x1000] }))];
  const lanes = await deal(original, { channels: 2 });
  assertDealt(lanes, original);
  assertEquals(lanes.map(kindsOf), [[["ram", "sync"], []], [["sync"], ["ram"]]]);
});

Deno.test("deal() leaves device packets behind the first SYNC, and those before it before it", async () => {
  const original = [
    madeLane(0, devicePacket(0, 9), syncPacket(), devicePacket(1, 9), syncPacket(), devicePacket(2, 9)),
  ];
  for (const seed of [1, 2, 3]) {
    const lanes = await deal(original, { channels: 3, seed });
    assertDealt(lanes, original);
    const idx = (k: number): string[] =>
      lanes.flatMap(({ init, intervals }) => devicePacketsOf({ id: 0, init, intervals: intervals.slice(k, k + 1) }));
    assertEquals([0, 1, 2].map(idx), [0, 1, 2].map((n) => [`0000:00:05.0/vfio ${n}`]));
  }
});

Deno.test("deal() leaves what a cut-off channel ends with at the end of a channel", async () => {
  const whole = multifdChannel(1, syncPacket(), ramPacket({ num: 1, normal: [0x1000] }), ramPacket({ normal: [0] }));
  const original = [
    madeLane(0, syncPacket(), ramPacket({ num: 5, normal: [0x5000] }), syncPacket()),
    laneOfBytes(whole.subarray(0, -1)),
  ];
  for (const channels of [2, 3]) {
    const lanes = await deal(original, { channels });
    assertEquals(
      lanes.map((lane) => kindsOf(lane).flat().filter((kind) => kind === "truncated").length),
      [0, 1, 0].slice(0, channels),
    );
    assertEquals(kindsOf(lanes[1] ?? lanes[0] as Lane).at(-1)?.at(-1), "truncated");
    // One channel has not ended the round: the others' SYNC must not end it.
    assertEquals(lanes.filter(({ intervals }) => intervals[1]?.sync !== undefined).length, 1);
  }
  const message = "Cannot deal 2 channels to 1: the migration broke off, and they end at different places";
  assertEquals(await refused(original, { channels: 1 }, "ends"), message);
});

Deno.test("deal() refuses what it cannot deal, and says why", async () => {
  await refused([], { channels: 2 }, "no-channel");
  await refused([laneOfBytes(multifdChannel(0).subarray(0, 30))], { channels: 2 }, "initial-packet");
  await refused(twoLanes, { channels: 2, pageSize: 65536 }, "page-size");
  for (const channels of [0, 256, 1.5]) await assertRejects(() => deal(twoLanes, { channels }), RangeError);
});

Deno.test("deal() refuses compressed packets that are damaged, or too many", async () => {
  const zlib = (payload: Uint8Array): Lane[] => [
    madeLane(0, ramPacket({ normal: [0], flags: MULTIFD_FLAG.ZLIB, payload })),
  ];
  const ended = zlib(deflateSync(new Uint8Array(4096)));
  assert((await refused(ended, { channels: 2 }, "compression")).includes("ends the zlib stream"));
  const zstd = [madeLane(0, ramPacket({ normal: [0], flags: MULTIFD_FLAG.ZSTD, payload: new Uint8Array(20) }))];
  await refused(zstd, { channels: 2 }, "compression");
  const flushed = zlib(deflateSync(new Uint8Array(4096).fill(7), { finishFlush: constants.Z_SYNC_FLUSH }));
  const message = await refused(flushed, { channels: 2, repackedLimit: 10 }, "too-large");
  assert(message.endsWith("they take more than 10 bytes of memory"), message);
  assertEquals((await deal(flushed, { channels: 2 })).length, 2);
});

Deno.test("placeDevicePackets() brings later device packets into an interval", () => {
  const lane = madeLane(
    0,
    syncPacket(),
    ramPacket({ normal: [0] }),
    syncPacket(),
    devicePacket(0, 1),
    syncPacket(),
    devicePacket(1, 1),
  );
  const [placed = lane, other] = placeDevicePackets([lane, madeLane(1, syncPacket())], 1);
  assertEquals(kindsOf(placed), [["sync"], ["ram", "device-state", "device-state", "sync"], ["sync"], []]);
  assertEquals(devicePacketsOf(placed), ["0000:00:05.0/vfio 0", "0000:00:05.0/vfio 1"]);
  assertEquals(kindsOf(other ?? lane), [["sync"], []]);
  assertEquals(placeDevicePackets([lane], 3), [lane]);
});

Deno.test("placeDevicePackets() refuses to bring device packets before the first SYNC", () => {
  const lane = madeLane(3, syncPacket(), devicePacket(0, 1));
  const error = assertThrows(() => placeDevicePackets([lane], 0), DealError, "the device packets of multifd 3");
  assertEquals(error.code, "device-packets");
  const without = madeLane(0, syncPacket(), ramPacket({ normal: [0] }));
  assertEquals(placeDevicePackets([without], 0), [without]);
});

Deno.test("placeDevicePackets() puts nothing behind what is cut off", () => {
  const [packet] = madeLane(0, ramPacket({ normal: [0] })).intervals;
  const lane = madeLane(0, syncPacket(), syncPacket(), devicePacket(0, 1));
  const cut = laneOfBytes(multifdChannel(0, syncPacket()).subarray(0, -1)).intervals[0]?.packets ?? [];
  const intervals = lane.intervals.map((own, k) =>
    k === 1 ? { ...own, packets: [...packet?.packets ?? [], ...cut] } : own
  );
  const [placed = lane] = placeDevicePackets([{ ...lane, intervals }], 1);
  assertEquals(kindsOf(placed)[1], ["ram", "device-state", "truncated", "sync"]);
});

Deno.test("withUuid() changes the UUID in the initial packet, and nothing else", async () => {
  const uuid = "00112233-4455-6677-8899-AABBCCDDEEFF";
  const lane = madeLane(1, syncPacket(), ramPacket({ normal: [0x1000] }));
  const changed = withUuid(lane, uuid);
  assertEquals(readBack(changed).uuid, "00112233445566778899aabbccddeeff");
  assertEquals(laneBytes(changed).subarray(24), laneBytes(lane).subarray(24));
  const [first, second] = await deal([changed], { channels: 2 });
  for (const dealt of [first, second]) assertEquals(readBack(dealt ?? lane).uuid, "00112233445566778899aabbccddeeff");
  assertThrows(() => withUuid(lane, "1234"), TypeError, '"1234"');
  assertThrows(() => withUuid(laneOfBytes(multifdChannel(0).subarray(0, 30)), uuid), DealError);
});
