import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  be,
  BLOCK,
  blockList,
  bytesOf,
  counted,
  type MainStream,
  page,
  type Piece,
  RAM_EOS,
  ramStream,
  smallStream,
  stream,
  subsection,
  word,
  zeroPage,
} from "../../../testing/main_stream.ts";
import { devicePacket, memoryCapture, multifdChannel, VFIO_TAG, vfioData } from "../../../testing/memory_capture.ts";
import { type Capture, type CaptureManifest, openCapture } from "../../capture/mod.ts";
import { RamLimitError } from "../../load/mod.ts";
import { diffCaptures, type DiffOptions } from "./diff.ts";
import type { DiffReport } from "./model.ts";

type Stream = MainStream | Uint8Array;

function captureOf(...channels: readonly Stream[]): Capture {
  return memoryCapture(channels.map((one) => ({ bytes: one instanceof Uint8Array ? one : one.bytes() })));
}

function diff(a: Stream | Capture, b: Stream | Capture, options: DiffOptions = {}): Promise<DiffReport> {
  const toCapture = (one: Stream | Capture): Capture => "channels" in one ? one : captureOf(one);
  return diffCaptures(toCapture(a), toCapture(b), options);
}

/** The differences in short. */
async function brief(a: Stream | Capture, b: Stream | Capture, options: DiffOptions = {}): Promise<unknown[]> {
  const { differences } = await diff(a, b, options);
  return differences.map((one) => [one.name, one.a ?? "-", one.b ?? "-"]);
}

/** A section of two fields that is described, and what describes it. */
function described(values: readonly [number, number], options: { second?: string; instance?: number } = {}): {
  body: Piece;
  device: object;
} {
  const { second = "beta", instance = 0 } = options;
  const fields = ["alpha", second].map((name) => ({ name, type: "uint32", size: 4 }));
  return {
    body: values.map((value) => be(value, 4)),
    device: { name: "dev", instance_id: instance, vmsd_name: "dev", version: 1, fields },
  };
}

function withDevice(
  values: readonly [number, number],
  options: { second?: string; describe?: boolean } = {},
): MainStream {
  const { body, device } = described(values, options);
  const main = stream().full(7, "dev", 1, body).full(0, "timer", 2, [word(1), word(0), word(2)]).eof();
  const timer = { name: "timer", instance_id: 0, vmsd_name: "timer", version: 2 };
  const fields = ["cpu_ticks_offset", "unused", "cpu_clock_offset"].map((name) => ({ name, type: "int64", size: 8 }));
  return options.describe === false
    ? main
    : main.description({ page_size: 4096, devices: [device, { ...timer, fields }] });
}

Deno.test("diffCaptures() finds nothing between a capture and itself", async () => {
  const report = await diff(smallStream(), smallStream(), { ram: true, traffic: true });
  assertEquals([report.same, report.differences, report.unread, report.notCompared], [true, [], [], []]);
  assertEquals(report.a, { name: "memory", kind: "directory", complete: true, machine: "pc-q35-9.2" });
});

Deno.test("diffCaptures() compares the configuration", async () => {
  const uuid = (fill: number): Piece => subsection("configuration/uuid", new Uint8Array(16).fill(fill));
  const bits = (value: number): Piece => subsection("configuration/target-page-bits", be(value, 4));
  const names = (...list: string[]): Piece =>
    subsection("configuration/capabilities", [be(list.length, 4), list.map(counted)]);
  const a = stream("pc-q35-9.2", bits(12), names("x-ignore-shared"), uuid(1)).eof();
  const b = stream("virt-9.2", bits(16), names(), uuid(2)).eof();
  assertEquals(await brief(a, b), [
    ["configuration.machine", "pc-q35-9.2", "virt-9.2"],
    ["configuration.target-page-bits", 12, 16],
    ["configuration.uuid", "01010101-0101-0101-0101-010101010101", "02020202-0202-0202-0202-020202020202"],
    ["capabilities.x-ignore-shared", true, "-"],
    ["stream.page-size", 4096, 65536],
  ]);
});

Deno.test("diffCaptures() compares RAM blocks, sections and commands", async () => {
  const a = stream().start(2, "ram", 4, [blockList({ "pc.ram": 0x8000, "vga": 0x1000 }), RAM_EOS])
    .command(1).command(2, be(1, 4)).full(0, "timer", 2, [word(1), word(0), word(2)]).eof();
  const b = stream().start(2, "ram", 3, [blockList({ "pc.ram": 0x10000, "rom": 0x1000 }), RAM_EOS])
    .command(2, be(1, 4)).command(2, be(0x42, 4)).command(11).eof();
  assertEquals(await brief(a, b), [
    ["capabilities.return-path", true, "-"],
    ["ram.blocks.pc.ram.usedLength", 0x8000, 0x10000],
    ["ram.blocks.vga", { fields: 1 }, "-"],
    ["ram.blocks.rom", "-", { fields: 1 }],
    ["commands.OPEN_RETURN_PATH", { fields: 0 }, "-"],
    ["commands.PING.values", "1", "1, 66"],
    ["commands.SWITCHOVER_START", "-", { fields: 0 }],
    ["sections.ram[0].version", 4, 3],
    ["sections.timer[0]", { fields: 1 }, "-"],
  ]);
});

Deno.test("diffCaptures() compares what POSTCOPY_ADVISE says, and odd payloads of commands", async () => {
  const of = (size: number, payload: Piece): MainStream =>
    stream().command(3, word(0x1000), word(size)).command(99, payload).eof();
  assertEquals(await brief(of(4096, [1, 2]), of(8192, [1, 3])), [
    ["commands.POSTCOPY_ADVISE.targetPageSize", 4096, 8192],
    ["commands.command 99.payload", "0102", "0103"],
  ]);
});

Deno.test("diffCaptures() names the field of a device, its type and its places", async () => {
  const { differences } = await diff(withDevice([1, 2]), withDevice([1, 300]));
  const offset =
    withDevice([1, 2]).bytes().findIndex((_, i, all) =>
      all[i] === 2 && all[i - 1] === 0 && all[i - 4] === 1 && all[i + 1] === 0x7e
    ) - 3;
  assertEquals(differences, [{
    path: ["devices", "dev", 0, "beta"],
    name: "devices.dev[0].beta",
    kind: "changed",
    a: 2,
    b: 300,
    type: { a: "uint32", b: "uint32" },
    where: { a: { channel: "main", offset }, b: { channel: "main", offset } },
  }]);
});

Deno.test("diffCaptures() reads what is not described by the description of the other, if that fits", async () => {
  const bare = withDevice([1, 9], { describe: false });
  const found = await brief(withDevice([1, 2]), bare, { only: ["devices"] });
  assertEquals(found, [["devices.dev[0].beta", 2, 9]]);
  assertEquals(await brief(bare, withDevice([1, 2]), { only: ["devices"] }), [["devices.dev[0].beta", 9, 2]]);
});

Deno.test("diffCaptures() compares bodies that nothing describes byte by byte", async () => {
  const of = (last: number): MainStream =>
    stream().full(7, "dev", 1, [1, 2, last]).full(8, "timer", 2, [word(1), word(0), word(2)]).eof();
  const { differences: [found, ...others] } = await diff(of(3), of(4));
  assertEquals([found?.name, found?.ranges, others], [
    "devices.dev[0].bytes",
    [{ offset: 2, length: 1, a: "03", b: "04" }],
    [],
  ]);
});

Deno.test("diffCaptures() tells fields that one version has", async () => {
  assertEquals(await brief(withDevice([1, 2]), withDevice([1, 2], { second: "gamma" })), [
    ["devices.dev[0].beta", 2, "-"],
    ["devices.dev[0].gamma", "-", 2],
  ]);
});

Deno.test("diffCaptures() compares sections of one name and instance in their order", async () => {
  const of = (...lasts: number[]): MainStream => {
    const main = stream();
    for (const [i, last] of lasts.entries()) main.full(20 + i, "dev", 1, be(last, 4));
    const field = { name: "x", type: "uint32", size: 4 };
    const device = { name: "dev", instance_id: 0, vmsd_name: "dev", version: 1, fields: [field] };
    return main.eof().description({ page_size: 4096, devices: lasts.map(() => device) });
  };
  assertEquals(await brief(of(1, 2), of(1, 3)), [["devices.dev[0].#2.x", 2, 3]]);
  const one = await diff(of(1), of(1, 3));
  assertEquals(one.differences.map(({ name, kind }) => [name, kind]), [["devices.dev[0].#2.bytes", "added"]]);
  const other = await diff(of(1, 3), of(1));
  assertEquals(other.differences.map(({ name, kind }) => [name, kind]), [["devices.dev[0].#2.bytes", "removed"]]);
});

Deno.test("diffCaptures() does not take for a difference what a cut stream does not have", async () => {
  const whole = withDevice([1, 2]).bytes();
  const { differences, notCompared, unread, a, b } = await diff(whole, whole.subarray(0, 60));
  assertEquals([a.complete, b.complete], [true, false]);
  assertEquals(differences.map(({ name, a, b }) => [name, a, b]), [["stream.ending", "complete", "cut"]]);
  assert(notCompared.some(({ name, missing }) => name === "sections.timer[0]" && missing === "b"));
  assertEquals(unread.map(({ side, what, offset }) => [side, what, offset]), [["b", "main", 60]]);
  // Cut in a body: the section is there, what is in it is not.
  const inBody = await diff(whole.subarray(0, 45), whole);
  assert(inBody.notCompared.some(({ missing }) => missing === "a"));
  assertEquals(inBody.differences.map(({ name }) => name), ["stream.ending"]);
});

Deno.test("diffCaptures() compares what there is of garbage", async () => {
  const { differences, unread } = await diff(be(1, 8), smallStream());
  assertEquals(differences.map(({ name, a, b }) => [name, a, b]), [["stream.ending", null, "complete"]]);
  assert(unread.some(({ side, reason }) => side === "a" && reason.includes("no main channel")));
});

const DEVICE = "dev/vfio";

function vfio(
  pieces: { precopy?: number; state?: readonly number[]; tags?: boolean; config?: Piece } = {},
): MainStream {
  const { precopy = 0, state = [], tags = false, config = VFIO_TAG.end } = pieces;
  const main = stream().start(3, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end]);
  if (precopy > 0) main.part(3, [vfioData(precopy), VFIO_TAG.end]);
  if (tags) main.part(3, [VFIO_TAG.initDataSent]);
  return main.end(3, [state.map(vfioData), VFIO_TAG.end]).full(3, DEVICE, 1, config).eof();
}

Deno.test("diffCaptures() compares the state of a VFIO device, buffer by buffer where that tells more", async () => {
  const channels = (...packets: Piece[]): Capture => captureOf(vfio(), multifdChannel(0, ...packets));
  const packet = (idx: number, length: number): Piece => devicePacket(idx, length, { idstr: DEVICE });
  assertEquals(await brief(channels(packet(0, 8), packet(1, 4)), channels(packet(1, 4), packet(0, 8))), []);
  // The same bytes, cut elsewhere: a matter of traffic, but for the number.
  assertEquals(await brief(channels(packet(0, 8), packet(1, 4)), channels(packet(0, 4), packet(1, 8))), []);
  const { differences } = await diff(channels(packet(0, 8), packet(1, 4)), channels(packet(0, 8)));
  assertEquals(differences.map(({ name, kind }) => [name, kind]), [
    [`devices.${DEVICE}[0].buffer-count`, "changed"],
    [`devices.${DEVICE}[0].state`, "changed"],
    [`devices.${DEVICE}[0].buffers[1]`, "removed"],
  ]);
});

Deno.test("diffCaptures() compares the state of a device across the ways that it travels", async () => {
  const packets = multifdChannel(0, devicePacket(0, 8, { idstr: DEVICE }));
  const found = await brief(captureOf(vfio(), packets), captureOf(vfio({ state: [4, 4], config: MAIN_CONFIG })), {
    only: ["*.mode", "*.state"],
  });
  assertEquals(found, [[`devices.${DEVICE}[0].mode`, "multifd", "main"]]);
});

Deno.test("diffCaptures() compares tags and pieces of a device on the main channel", async () => {
  const found = await diff(vfio({ precopy: 4, state: [4, 4] }), vfio({ precopy: 4, state: [4, 4, 4], tags: true }));
  assertEquals(found.differences.map(({ name, kind }) => [name, kind]), [
    ["capabilities.switchover-ack", "added"],
    [`devices.${DEVICE}[0].buffer-count`, "changed"],
    [`devices.${DEVICE}[0].initDataSent`, "added"],
    [`devices.${DEVICE}[0].state`, "changed"],
    [`devices.${DEVICE}[0].buffers[2]`, "added"],
  ]);
});

Deno.test("diffCaptures() does not compare the state of a device that did not come whole", async () => {
  const packets = multifdChannel(0, devicePacket(0, 8, { idstr: DEVICE }), devicePacket(1, 8, { idstr: DEVICE }));
  const { differences, notCompared } = await diff(
    captureOf(vfio(), packets),
    captureOf(vfio(), packets.subarray(0, packets.length - 4)),
  );
  assertEquals(differences, []);
  const names = notCompared.map(({ name, missing }) => `${name} ${missing}`);
  assert(names.includes(`devices.${DEVICE}[0].state b`), names.join());
  assert(names.includes(`devices.${DEVICE}[0].buffers[1] b`), names.join());
});

/** A config on the main channel. */
const MAIN_CONFIG = bytesOf(be(0xffffffffef100002n, 8), be(2, 4), new Uint8Array(256 + 16), VFIO_TAG.end);

/** A config packet: version, config space, pins, MSI-X table and pending bits. */
function configPacket(change: (blob: Uint8Array) => void): Piece {
  const space = new Uint8Array(256);
  space.set(Uint8Array.fromHex("86801015" + "06041000"));
  space[0x34] = 0x40;
  space.set(Uint8Array.fromHex("1100010000000000"), 0x40);
  const blob = bytesOf(be(2, 4), space, new Uint8Array(16), new Uint8Array(32), 0);
  change(blob);
  const idstr = bytesOf(new TextEncoder().encode(DEVICE), new Uint8Array(256 - DEVICE.length));
  const config = bytesOf(be(0xffffffffef100002n, 8), blob, VFIO_TAG.end);
  const payload = bytesOf(be(0, 4), be(1, 4), be(1, 4), config);
  return bytesOf(be(0x11223344, 4), be(1, 4), be(0x40, 4), idstr, be(0, 4), be(payload.length, 4), payload);
}

Deno.test("diffCaptures() compares the config of a VFIO device", async () => {
  const of = (change: (blob: Uint8Array) => void): Capture =>
    captureOf(vfio(), multifdChannel(0, devicePacket(0, 8, { idstr: DEVICE }), configPacket(change)));
  const found = await diff(
    of(() => {}),
    of((blob) => {
      blob[4 + 5] = 0; // command
      blob[4 + 256 + 3] = 1; // pin A
      blob[4 + 256 + 16 + 8] = 7; // message of vector 0
      blob[4 + 256 + 16 + 32] = 1; // pending bits
    }),
  );
  const device = `devices.${DEVICE}[0].config`;
  const base = found.differences[0]?.where.a?.offset ?? 0;
  assertEquals(found.differences.map(({ name, where }) => [name, (where.a?.offset ?? 0) - base]), [
    [`${device}.space.command`, 0],
    [`${device}.intx-a`, 252],
    [`${device}.msix-table[0].data`, 268],
    [`${device}.msix-pending`, 300],
  ]);
});

Deno.test("diffCaptures() compares dirty bitmaps", async () => {
  const begin = (
    granularity: number,
  ): Piece => [0x10 | 0x08 | 0x04, counted("disk"), counted("map"), be(granularity, 4), 1];
  const bits = (sector: number, value: number): Piece => [0x40, word(sector), be(128, 4), word(1), value];
  const zeroes = (sector: number): Piece => [0x40 | 0x02, word(sector), be(128, 4)];
  const of = (...pieces: Piece[]): MainStream => stream().start(4, "dirty-bitmap", 1, [pieces, 1]).eof();
  const a = of(begin(512), bits(0, 3), bits(128, 1), zeroes(256));
  const b = of(begin(1024), bits(0, 3), bits(128, 2), bits(256, 1));
  const { differences } = await diff(a, b);
  assertEquals(differences.map(({ name, ranges }) => [name, ranges?.[0]?.b]), [
    ["devices.dirty-bitmap[0].disk.map.granularity", undefined],
    ["devices.dirty-bitmap[0].disk.map.bits.sector 128", "02"],
    ["devices.dirty-bitmap[0].disk.map.bits.sector 256", undefined],
  ]);
});

Deno.test("diffCaptures() compares several bitmaps of a node, also without their beginning", async () => {
  const bits = (name: string, sector: number, value: number): Piece => [
    [0x40 | 0x04, counted(name), word(sector), be(128, 4), word(1), value],
  ];
  const of = (...pieces: Piece[]): MainStream =>
    stream().start(4, "dirty-bitmap", 1, [
      [0x10 | 0x08 | 0x04, counted("disk"), counted("map"), be(512, 4), 1],
      pieces,
      1,
    ])
      .eof();
  const { differences } = await diff(
    of(bits("map", 128, 1), bits("map", 0, 1), bits("other", 0, 1)),
    of(bits("map", 0, 1), bits("map", 128, 1), bits("other", 0, 2)),
  );
  assertEquals(differences.map(({ name }) => name), ["devices.dirty-bitmap[0].disk.other.bits.sector 0"]);
});

Deno.test("diffCaptures() compares the clock of s390, and says that storage keys are not compared", async () => {
  const of = (low: number): MainStream =>
    stream("s390-ccw-virtio-9.2").full(1, "todclock", 1, [1, 0, word(low)])
      .full(5, "s390-skeys", 1, [word(2), word(2), 6, 6, word(1)]).eof();
  const { differences, unread } = await diff(of(5), of(6));
  assertEquals(differences.map(({ name, a, b }) => [name, a, b]), [["devices.todclock[0].low", 5, 6]]);
  assertEquals(unread.map(({ side, what }) => [side, what]), [["a", "s390-skeys[0]"], ["b", "s390-skeys[0]"]]);
});

Deno.test("diffCaptures() compares contents of RAM where it is asked for, and tells the ranges", async () => {
  const of = (...fills: number[]): MainStream =>
    ramStream(0x8000).part(2, [
      zeroPage(0, BLOCK),
      fills.map((fill, i) => page(0x1000 * (i + 1), undefined, fill)),
      RAM_EOS,
    ]).end(2, RAM_EOS).eof();
  const [a, b] = [of(1, 2, 3, 4, 5), of(1, 9, 9, 4, 9)];
  assertEquals((await diff(a, b)).differences, []);
  const { differences } = await diff(a, b, { ram: true });
  assertEquals(differences.map(({ name, ranges }) => [name, ranges]), [["ram.blocks.pc.ram.contents", [
    { offset: 0x2000, length: 0x2000 },
    { offset: 0x5000, length: 0x1000 },
  ]]]);
  await assertRejects(() => diff(a, b, { ram: true, ramLimit: 0x1000 }), RamLimitError);
});

Deno.test("diffCaptures() compares blocks of two lengths as far as both go", async () => {
  const of = (length: number): MainStream =>
    ramStream(length).part(2, [page(0, BLOCK, 1), RAM_EOS]).end(2, RAM_EOS).eof();
  const { differences } = await diff(of(0x4000), of(0x6000), { ram: true });
  assertEquals(differences.map(({ name, ranges }) => [name, ranges]), [
    ["ram.blocks.pc.ram.usedLength", undefined],
    ["ram.blocks.pc.ram.contents", [{ offset: 0x4000, length: 0x2000 }]],
  ]);
});

Deno.test("diffCaptures() keeps a thousand ranges of a block, and counts the others", async () => {
  const pages = 2004;
  const of = (fill: number): MainStream =>
    ramStream(pages * 0x1000).part(2, [
      page(0, BLOCK, 1),
      Array.from({ length: pages / 2 }, (_, i) => page(0x1000 * (2 * i + 1), undefined, fill)),
      RAM_EOS,
    ]).end(2, RAM_EOS).eof();
  const { differences: [found] } = await diff(of(2), of(3), { ram: true });
  assertEquals([found?.ranges?.length, found?.moreRanges], [1000, 2]);
});

Deno.test("diffCaptures() takes no body of many MiB apart", async () => {
  const length = 4 * 1024 * 1024 + 1;
  const of = (last: number): MainStream => {
    const body = new Uint8Array(length);
    body[length - 1] = last;
    const fields = [{ name: "x", type: "uint8", size: 1, array_len: length }];
    const device = { name: "dev", instance_id: 0, vmsd_name: "dev", version: 1, fields };
    return stream().full(7, "dev", 1, body).eof().description({ page_size: 4096, devices: [device] });
  };
  const { differences } = await diff(of(1), of(2));
  assertEquals(differences.map(({ name, ranges }) => [name, ranges]), [
    ["devices.dev[0].bytes", [{ offset: length - 1, length: 1, a: "01", b: "02" }]],
  ]);
});

Deno.test("diffCaptures() does not compare RAM that did not come whole, or was not sent", async () => {
  const whole = ramStream(0x2000).part(2, [page(0, BLOCK, 1), page(0x1000, undefined, 2), RAM_EOS]).end(2, RAM_EOS)
    .eof();
  const bytes = whole.bytes();
  const { notCompared, differences } = await diff(bytes, bytes.subarray(0, bytes.length - 4200), { ram: true });
  assert(notCompared.some(({ name, missing }) => name === "ram.blocks.pc.ram.contents" && missing === "b"));
  assertEquals(differences.map(({ name }) => name), ["stream.ending"]);
});

Deno.test("diffCaptures() tells what of RAM could not be loaded", async () => {
  const odd = ramStream(0x2000).part(2, [zeroPage(0x9000, BLOCK), RAM_EOS]).end(2, RAM_EOS).eof();
  const { unread } = await diff(odd, odd, { ram: true });
  assertEquals(unread.map(({ side }) => side), ["a", "b"]);
});

Deno.test("diffCaptures() compares traffic where it is asked for", async () => {
  const more = smallStream().bytes();
  const less = ramStream().part(2, [zeroPage(0, BLOCK), RAM_EOS]).end(2, [RAM_EOS])
    .full(0, "timer", 2, [word(1000), word(0), word(2000)]).eof().description({
      page_size: 4096,
      devices: [],
    });
  const { differences } = await diff(more, less, { traffic: true, only: ["traffic"] });
  const names = differences.map(({ name }) => name);
  assert(names.includes("traffic.ram.pc.ram.pages.normal"), names.join());
  assert(names.includes("traffic.channels.main.bytes"), names.join());
  assert(names.every((name) => name.startsWith("traffic.")));
});

Deno.test("diffCaptures() leaves out what the patterns leave out, and counts it", async () => {
  const [a, b] = [withDevice([1, 2]), withDevice([5, 6])];
  const only = await diff(a, b, { only: ["devices.dev*.alpha"] });
  assertEquals([only.differences.map(({ name }) => name), only.found.leftOut], [["devices.dev[0].alpha"], 1]);
  const ignored = await diff(a, b, { ignore: ["devices.dev[0]"] });
  assertEquals([ignored.same, ignored.found.leftOut], [true, 2]);
  assertEquals(ignored.compared, { ram: false, traffic: false, only: [], ignore: ["devices.dev[0]"] });
});

Deno.test("diffCaptures() says what it cannot read of a pipe that was not kept", async () => {
  const piped = (bytes: Uint8Array): Capture => {
    let at = 0;
    return openCapture("-", {
      keep: 16,
      stdin(into): number {
        const part = bytes.subarray(at, at + into.length);
        into.set(part);
        at += part.length;
        return part.length;
      },
    });
  };
  const { differences, notCompared } = await diff(piped(withDevice([1, 2]).bytes()), withDevice([1, 3]));
  assertEquals(differences, []);
  assert(notCompared.some(({ name, missing }) => name === "devices.dev[0]" && missing === "a"));
  const vfioBytes = vfio({ state: [8] }).bytes();
  const state = await diff(vfio({ state: [9] }), piped(vfioBytes));
  assert(state.notCompared.some(({ name, missing }) => name.endsWith(".state") && missing === "b"));
});

Deno.test("diffCaptures() compares the first of two migrations in a capture, and says so", async () => {
  const two = captureOf(smallStream(), smallStream());
  const { unread } = await diff(two, two);
  assert(unread.some(({ reason }) => reason.includes("only the first migration")));
});

Deno.test("diffCaptures() tells the versions that the recorder noted", async () => {
  const manifest: CaptureManifest = { format: "", name: "", other: {}, source: { qemu: "10.0.2" } };
  const { a, b } = await diff({ ...captureOf(smallStream()), manifest }, smallStream());
  assertEquals([a.qemu, b.qemu], ["10.0.2", undefined]);
});
