import { assertEquals } from "@std/assert";
import { configPacket, packet, padded } from "../../testing/load_bytes.ts";
import {
  blockList,
  capabilities,
  MainStream,
  page,
  type Piece,
  RAM_EOS,
  ramStream,
  stream,
  subsection,
  word,
} from "../../testing/main_stream.ts";
import { DEVICE, memoryCapture, multifdChannel, VFIO_TAG, vfioData } from "../../testing/memory_capture.ts";
import { MIG_CMD } from "../wire/mod.ts";
import type { StreamNeeds } from "./needs.ts";
import { NO_NEEDS } from "./plan_for_test.ts";
import { readScore } from "./score.ts";
import { packet as multifd, pageOf } from "../load/streams_for_test.ts";

const { OPEN_RETURN_PATH, POSTCOPY_ADVISE, SWITCHOVER_START } = MIG_CMD;

function needsOf(main: MainStream, ...channels: readonly Uint8Array[]): StreamNeeds {
  return readScore(memoryCapture([main.bytes(), ...channels].map((bytes) => ({ bytes }))), { pageSize: 4096 }).needs;
}

const UUID = Uint8Array.fromHex("00112233445566778899aabbccddeeff");
const UUID_TEXT = "00112233-4455-6677-8899-aabbccddeeff";

Deno.test("a stream needs its machine, its blocks, and says whether it is whole", () => {
  const ram = stream("pc").start(2, "ram", 4, [blockList({ "pc.ram": 0x8000, "vga": 0x2000 }), RAM_EOS]);
  const needs = {
    ...NO_NEEDS,
    machine: "pc",
    blocks: [{ name: "pc.ram", usedLength: 0x8000 }, { name: "vga", usedLength: 0x2000 }],
  };
  assertEquals(needsOf(ram), { ...needs, whole: false });
  assertEquals(needsOf(ram.eof()), needs);
});

const cases: readonly [string, MainStream, Partial<StreamNeeds>][] = [
  ["a return path", stream().command(OPEN_RETURN_PATH), { returnPath: true }],
  ["SWITCHOVER_START", stream().command(SWITCHOVER_START), { switchoverStart: true }],
  ["postcopy", stream().command(POSTCOPY_ADVISE, word(4096), word(4096)), { capabilities: ["postcopy-ram"] }],
  ["postcopy of dirty bitmaps alone", stream().command(POSTCOPY_ADVISE), { capabilities: [] }],
  [
    "capabilities that its configuration names",
    stream("pc", capabilities("x-ignore-shared", "multifd")),
    { capabilities: ["x-ignore-shared", "multifd"] },
  ],
  [
    "the UUID that its configuration names",
    stream("pc", subsection("configuration/uuid", UUID)),
    { capabilities: ["validate-uuid"], uuid: UUID_TEXT },
  ],
];

for (const [what, main, expected] of cases) {
  Deno.test(`a stream needs ${what}`, () => {
    const { capabilities, returnPath, switchoverStart, uuid } = { ...NO_NEEDS, ...expected };
    const found = needsOf(main);
    assertEquals([found.capabilities, found.returnPath, found.switchoverStart, found.uuid], [
      capabilities,
      returnPath,
      switchoverStart,
      uuid,
    ]);
  });
}

Deno.test("a stream needs a preempt channel", () => {
  assertEquals(needsOf(ramStream(), page(0, "pc.ram")).capabilities, ["postcopy-preempt"]);
});

Deno.test("a stream needs its multifd channels, their UUID and their compression", () => {
  const channel = (id: number, uuid: Uint8Array, ...packets: readonly Piece[]): Uint8Array => {
    const bytes = multifdChannel(id, packets);
    bytes.set(uuid, 8);
    return bytes;
  };
  const compressed = multifd.ram("pc.ram", [{ offset: 0, content: pageOf(1) }], {
    method: "zstd",
    payload: new Uint8Array(9),
  });
  const needs = needsOf(ramStream(), channel(0, new Uint8Array(16)), channel(1, UUID, multifd.sync(), compressed));
  assertEquals([needs.multifdChannels, needs.uuid, needs.compression, needs.capabilities], [
    2,
    UUID_TEXT,
    "zstd",
    ["multifd"],
  ]);
});

Deno.test("a device is needed where its state travels, with what its queue may hold", () => {
  const other = "0000:00:06.0/vfio";
  const main = stream().start(5, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end]).start(6, other, 1, [
    VFIO_TAG.setup,
    VFIO_TAG.end,
  ])
    .part(5, [vfioData(100), VFIO_TAG.end]).part(6, [vfioData(7), VFIO_TAG.initDataSent])
    .end(5, VFIO_TAG.end).end(6, VFIO_TAG.end).full(5, DEVICE, 1, VFIO_TAG.configLoadReady).eof();
  const { devices, capabilities } = needsOf(main, multifdChannel(0, packet(0, new Uint8Array(1000)), configPacket(1)));
  assertEquals(devices, [
    { idstr: DEVICE, instanceId: 0, configAfterIter: true, queuedBytes: 1292, state: "multifd" },
    { idstr: other, instanceId: 0, configAfterIter: false, queuedBytes: 0, state: "main" },
  ]);
  assertEquals(capabilities, ["switchover-ack", "multifd"]);
});

Deno.test("a device without any state is needed all the same", () => {
  const main = new MainStream({ footers: false }).header().start(5, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end]).eof();
  assertEquals(needsOf(main).devices, [{ idstr: DEVICE, instanceId: 0, configAfterIter: false, queuedBytes: 0 }]);
});

Deno.test("what is kept of devices and blocks has a bound", () => {
  const names = Array.from(
    { length: 5000 },
    (_, i) => packet(0, [], { idstr: padded(`device ${i}`) }),
  );
  assertEquals(needsOf(ramStream(), multifdChannel(0, names)).devices.length, 4096);
});
