import { assert, assertEquals } from "@std/assert";
import {
  BLOCK,
  blockList,
  compressedPage,
  type MainStream,
  page,
  RAM_EOS,
  ramStream,
  smallStream,
  stream,
  word,
  xbzrlePage,
  zeroPage,
} from "../../../testing/main_stream.ts";
import {
  DEVICE,
  devicePacket,
  memoryCapture,
  multifdChannel,
  VFIO_TAG,
  vfioData,
} from "../../../testing/memory_capture.ts";
import { inspectCapture } from "./inspect.ts";
import type { DeviceSummary, InspectReport } from "./model.ts";

const SWITCHOVER_START = 11;
const CONFIG_FLAG = 1;

function inspect(...channels: readonly Uint8Array[]): InspectReport {
  return inspectCapture(memoryCapture(channels.map((bytes) => ({ bytes }))));
}

function onlyDevice({ devices }: InspectReport): DeviceSummary {
  const [device] = devices;
  assert(device !== undefined && devices.length === 1);
  return device;
}

/** A stream up to the setup of a VFIO device, section 3. */
function vfioStream(): MainStream {
  return ramStream().start(3, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end]);
}

Deno.test("inspectCapture() calls a stream complete that ends with EOF and description", () => {
  const { complete, problems, main, channels } = inspect(smallStream().bytes());
  assertEquals([complete, problems, main?.ending], [true, [], "complete"]);
  assertEquals(channels.map(({ label, ends, opaqueBytes }) => [label, ends, opaqueBytes]), [["main", "whole", 0]]);
});

Deno.test("inspectCapture() counts pre-copy and stop-and-copy bytes of a device on the main channel", () => {
  const bytes = vfioStream()
    .part(3, [vfioData(100), VFIO_TAG.end])
    .part(3, [vfioData(50), VFIO_TAG.initDataSent])
    .end(3, [vfioData(7), vfioData(8), VFIO_TAG.end])
    .bytes();
  const device = onlyDevice(inspect(bytes));
  assertEquals(device, {
    idstr: DEVICE,
    instanceId: 0,
    mode: "main",
    precopyBytes: 150,
    precopyRecords: 2,
    stopCopyBytes: 15,
    buffers: 2,
    configBytes: 0,
    initDataSent: true,
    configLoadReady: false,
    pci: null,
  });
});

Deno.test("inspectCapture() tells modes apart", () => {
  const packets = multifdChannel(0, devicePacket(0, 10));
  const onMain = vfioStream().end(3, [vfioData(7), VFIO_TAG.end]).bytes();
  assertEquals(onlyDevice(inspect(onMain, packets)).mode, "mixed");
  assertEquals(onlyDevice(inspect(onMain, packets)).stopCopyBytes, 17);
  assertEquals(onlyDevice(inspect(vfioStream().bytes())).mode, "unknown");
  // In multifd mode the section on the main channel is empty but for a tag.
  assertEquals(onlyDevice(inspect(vfioStream().full(3, DEVICE, 1, VFIO_TAG.end).bytes())).mode, "multifd");
  const ready = onlyDevice(inspect(vfioStream().full(3, DEVICE, 1, VFIO_TAG.configLoadReady).bytes()));
  assertEquals([ready.mode, ready.configLoadReady], ["multifd", true]);
});

Deno.test("inspectCapture() says which buffer is missing, and that no config came", () => {
  const report = inspect(multifdChannel(0, devicePacket(0, 10), devicePacket(2, 30)), multifdChannel(1));
  const { multifd, configBytes, pci, buffers, stopCopyBytes } = onlyDevice(report);
  assertEquals([buffers, stopCopyBytes, configBytes, pci], [2, 40, 0, null]);
  assertEquals(multifd, {
    channels: [{ id: 0, buffers: 2, bytes: 40 }],
    configIndex: null,
    missingIndex: 1,
    bufferBytes: { smallest: 10, largest: 30 },
    outOfOrderDistance: 1,
    outOfOrderBuffers: 1,
    order: "channels",
  });
});

Deno.test("inspectCapture() takes the most favourable order where times are not recorded", () => {
  // Buffer 2 must have come before 0, and 1 may have come before both.
  const report = inspect(
    multifdChannel(0, devicePacket(2, 1), devicePacket(0, 1)),
    multifdChannel(1, devicePacket(1, 1)),
  );
  const { multifd } = onlyDevice(report);
  assertEquals([multifd?.outOfOrderDistance, multifd?.outOfOrderBuffers, multifd?.order], [2, 2, "channels"]);
  // Each channel in order: all may have come in order.
  const fair = inspect(
    multifdChannel(0, devicePacket(1, 1)),
    multifdChannel(1, devicePacket(0, 1), devicePacket(2, 1)),
  );
  assertEquals(onlyDevice(fair).multifd?.outOfOrderDistance, 0);
});

Deno.test("inspectCapture() takes the recorded order where there are times", () => {
  const channels = [
    { bytes: multifdChannel(0, devicePacket(0, 1)) },
    { bytes: multifdChannel(1, devicePacket(1, 1), devicePacket(2, 1)) },
  ];
  const events = [
    { t: 1, ch: 1, dir: "s2d", off: 0, len: channels[1]?.bytes.length },
    { t: 2, ch: 0, dir: "s2d", off: 0, len: channels[0]?.bytes.length },
  ];
  const { multifd } = onlyDevice(inspectCapture(memoryCapture(channels, events)));
  assertEquals([multifd?.outOfOrderDistance, multifd?.outOfOrderBuffers, multifd?.order], [2, 2, "recorded"]);
});

Deno.test("inspectCapture() shows a config that cannot be read by its length alone", () => {
  const report = inspect(multifdChannel(0, devicePacket(0, 5, { flags: CONFIG_FLAG })));
  const { configBytes, pci, multifd, buffers } = onlyDevice(report);
  assertEquals([configBytes, pci, multifd?.configIndex, multifd?.bufferBytes, buffers], [5, null, 0, null, 0]);
});

Deno.test("inspectCapture() says in which buffer of which device a multifd channel is cut", () => {
  const bytes = multifdChannel(4, devicePacket(0, 10), devicePacket(1, 1000));
  const { channels } = inspect(bytes.subarray(0, bytes.length - 300));
  const second = 64 + devicePacket(0, 10).length;
  assertEquals(channels[0]?.cut, {
    offset: bytes.length - 300,
    expected: "payload of multifd-device-state",
    came: 288 + 700,
    missing: 300,
    after: { kind: "multifd-device-state", offset: 64, length: second - 64 },
    device: { idstr: DEVICE, instanceId: 0, buffer: 1 },
  });
});

Deno.test("inspectCapture() says in which section the main channel is cut", () => {
  const whole = vfioStream();
  const bytes = whole.part(3, [vfioData(100), VFIO_TAG.end]).bytes();
  const { channels, complete, main } = inspect(bytes.subarray(0, bytes.length - 40));
  const cut = channels[0]?.cut;
  assertEquals([complete, main?.ending, channels[0]?.ends], [false, "cut", "cut"]);
  assertEquals(cut?.section, { sectionId: 3, idstr: DEVICE, instanceId: 0, kind: "section-part" });
  assertEquals([cut?.expected, cut?.missing, cut?.after?.kind], ["payload of vfio-data", 27, "section-part"]);
});

Deno.test("inspectCapture() names no section for a channel that is cut between two", () => {
  const { channels } = inspect(ramStream().bytes());
  assertEquals([channels[0]?.cut?.expected, channels[0]?.cut?.section], ["section type", undefined]);
});

Deno.test("inspectCapture() takes what follows EOF for no part of the migration", () => {
  const { complete, channels, problems } = inspect(smallStream().raw(new Uint8Array(100)).bytes());
  assertEquals([complete, channels[0]?.ends, channels[0]?.opaqueBytes], [true, "whole", 100]);
  assertEquals(problems.map(({ code }) => code), ["trailing"]);
});

Deno.test("inspectCapture() says where a channel is not understood any more, and why", () => {
  const start = ramStream();
  const { complete, channels } = inspect(start.raw(0x55, new Uint8Array(9)).bytes());
  assertEquals([complete, channels[0]?.ends, channels[0]?.opaqueBytes], [false, "not understood", 10]);
  assertEquals(channels[0]?.opaque, { offset: start.length - 10, reason: "0x55 is no section type" });
});

Deno.test("inspectCapture() lists a channel on which nothing came", () => {
  const { channels, main } = inspect(new Uint8Array(0));
  assertEquals(main, null);
  assertEquals(channels.map(({ role, bytes, ends }) => [role, bytes, ends]), [["empty", 0, "whole"]]);
});

Deno.test("inspectCapture() counts each kind of page by its block", () => {
  const other = "vga.vram";
  const blocks = blockList({ [BLOCK]: 0x10000, [other]: 0x2000 });
  const bytes = stream()
    .start(2, "ram", 4, [blocks, RAM_EOS])
    .part(2, [page(0, BLOCK), page(0x1000), zeroPage(0x2000), zeroPage(0, other), zeroPage(0x1000), RAM_EOS])
    .part(2, [xbzrlePage(0, Uint8Array.of(0, 1, 7), BLOCK), compressedPage(0x3000, new Uint8Array(20)), RAM_EOS])
    .bytes();
  const { main } = inspect(bytes);
  const none = { multifdNormal: 0, multifdZero: 0, preempt: 0, mapped: 0 };
  assertEquals(main?.ramBlocks, [
    { name: BLOCK, usedLength: 0x10000, pages: { normal: 2, zero: 1, xbzrle: 1, compressed: 1, ...none } },
    { name: other, usedLength: 0x2000, pages: { normal: 0, zero: 2, xbzrle: 0, compressed: 0, ...none } },
  ]);
  assertEquals(main?.capabilities, ["xbzrle", "compress"]);
});

Deno.test("inspectCapture() tells what versions the stream is of", () => {
  const { qemu } = inspect(
    stream("pc-q35-9.2").start(2, "ram", 4, [blockList({ [BLOCK]: 0x10000 }), word(0x200), RAM_EOS])
      .command(SWITCHOVER_START).bytes(),
  );
  assertEquals(qemu.hints, [
    { seen: "machine type pc-q35-9.2", since: "9.2" },
    { seen: "MULTIFD_FLUSH records", since: "8.1" },
    { seen: "command SWITCHOVER_START", since: "10.0" },
  ]);
});

Deno.test("inspectCapture() measures the switchover to the last device state, on whichever channel it came", () => {
  const before = vfioStream().part(3, [vfioData(100), VFIO_TAG.end]);
  const offset = before.length;
  const bytes = before.command(SWITCHOVER_START).end(3, [vfioData(20), VFIO_TAG.end]).eof().bytes();
  const events = [
    { t: 10, ch: 0, dir: "s2d", off: 0, len: offset + 5 },
    { t: 30, ch: 0, dir: "s2d", off: offset + 5, len: bytes.length - offset - 15 },
    { t: 40, ch: 0, dir: "s2d", off: bytes.length - 10, len: 10 },
  ];
  const { switchover } = inspectCapture(memoryCapture([{ bytes }], events));
  assertEquals(switchover, {
    offset,
    deviceStateBytes: 36,
    startTime: 10,
    lastDevicePacketTime: 30,
    eofTime: 40,
    nanoseconds: 20,
  });
  assertEquals(inspect(bytes).switchover?.nanoseconds, null);
});

Deno.test("inspectCapture() adds up what came back", () => {
  const bytes = Uint8Array.fromHex("00020004000000010007000000020004000000020001000400000001");
  const { returnPaths, problems } = inspectCapture(memoryCapture([{ bytes, direction: "d2s" }]));
  assertEquals(returnPaths, [{
    label: "return path",
    messages: { "rp-pong": 2, "rp-switchover-ack": 1, "rp-shut": 1 },
    pongs: [1, 2],
    shut: 1,
  }]);
  assert(problems.every(({ channel }) => channel === "return path"));
});
