import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { concat } from "@std/bytes";
import { type Capture, openCapture } from "../../capture/mod.ts";
import {
  ascii,
  be,
  BLOCK,
  blockList,
  bytesOf,
  capabilities,
  FLUSH,
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
import {
  DEVICE,
  devicePacket,
  memoryCapture,
  multifdChannel,
  VFIO_TAG,
  vfioData,
} from "../../../testing/memory_capture.ts";
import { vectorBytes } from "../../../testing/vectors.ts";
import { checkCapture, type CheckOptions, type CheckReport } from "./mod.ts";

/** A config blob of a conventional PCI device without MSI-X (vfio.md §4.1). */
const BLOB = bytesOf(be(2, 4), new Uint8Array(256), new Uint8Array(16));

/** Data of a config packet. */
const CONFIG = bytesOf(be(0xffffffffef100002n, 8), BLOB, VFIO_TAG.end);

/** A SYNC packet for pages of 4096 bytes. */
const SYNC = bytesOf(be(0x11223344, 4), be(1, 4), be(1, 4), new Uint8Array(1332));

/** A config packet with number `idx`. */
function configPacket(idx: number, data: Uint8Array = CONFIG): Uint8Array {
  const packet = devicePacket(idx, data.length, { flags: 1 });
  packet.set(data, packet.length - data.length);
  return packet;
}

/** RAM's setup, with the word that the channels wait at. */
const RAM_SETUP: Piece = [blockList({ "pc.ram": 0x10000 }), FLUSH, RAM_EOS];

/** A main channel whose VFIO device sends its state over multifd; with two barriers. */
function deviceStream(placeholder: Piece = VFIO_TAG.end, machine = "pc-q35-10.1"): MainStream {
  return stream(machine)
    .start(2, "ram", 4, RAM_SETUP)
    .start(3, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end])
    .command(11)
    .end(2, [FLUSH, RAM_EOS])
    .end(3, VFIO_TAG.end)
    .full(3, DEVICE, 1, placeholder)
    .eof();
}

/** A capture of a main channel and one multifd channel with two SYNCs and `packets`. */
function deviceCapture(packets: readonly Piece[], main: MainStream = deviceStream()): Capture {
  return memoryCapture([{ bytes: main.bytes() }, { bytes: multifdChannel(0, SYNC, packets, SYNC) }]);
}

const WHOLE = [devicePacket(0, 10), devicePacket(1, 20), configPacket(2)];

/** One channel by itself. */
function alone(bytes: Uint8Array): Capture {
  const input = [bytes];
  return openCapture("-", {
    stdin(into): number {
      const next = input.pop() ?? new Uint8Array(0);
      into.set(next);
      return next.length;
    },
  });
}

function codes({ problems }: CheckReport): string[] {
  return problems.map(({ severity, code }) => severity === "error" ? code : `${severity} ${code}`);
}

function check(capture: Capture, options?: CheckOptions): string[] {
  return codes(checkCapture(capture, options));
}

Deno.test("checkCapture() has nothing against a small whole stream, and says how much it understood", () => {
  const bytes = smallStream().bytes();
  const report = checkCapture(memoryCapture([{ bytes }]));
  assertEquals(codes(report), []);
  assert(report.ok && report.complete);
  assertEquals(report.channels, [{
    label: "main",
    role: "main",
    connection: 0,
    direction: "s2d",
    bytes: bytes.length,
    understood: bytes.length,
    undescribed: 0,
    opaque: 0,
    cut: 0,
    rewritten: true,
  }]);
});

Deno.test("checkCapture() gives the codes of the specification for faulty device-state packets", () => {
  const cases: [string, string[]][] = [
    ["V45", ["empty"]],
    ["V46", ["version"]],
    ["V47", ["idx"]],
    ["V48", ["duplicate-idx"]],
    ["V50", ["sync-device-state"]],
    ["V53", ["no-loader"]],
    ["V54", ["idstr", "no-loader"]],
    ["V55", ["truncated"]],
    ["V56", ["config-tag"]],
    ["V57", ["config-end"]],
  ];
  for (const [id, expected] of cases) {
    const errors = check(alone(concat([vectorBytes("V01"), vectorBytes(id)]))).filter((code) => !code.includes(" "));
    assertEquals(errors, expected, id);
  }
});

Deno.test("checkCapture() refuses a buffer that a limit has no room for, whatever the device does", () => {
  const channel = concat([vectorBytes("V01"), vectorBytes("V58")]);
  assertEquals(check(alone(channel)), []);
  const { problems } = checkCapture(alone(channel), { expect: { maxQueuedSize: 8 } });
  assertEquals(problems.map(({ code, qemu }) => [code, qemu]), [
    ["size-limit", "0000:00:02.0: queuing state buffer 1 would exceed the size max of 8"],
  ]);
  assertEquals(check(alone(channel), { expect: { maxQueuedSize: 9 } }), []);
  assertEquals(check(alone(channel), { expect: { maxQueuedSize: 8, qemu: "10.0" } }), [], "QEMU 10.0 has no limit");
});

Deno.test("checkCapture() warns of a limit that only a fast device keeps", () => {
  const order = (...ends: number[]): object[] =>
    ends.map((off, i) => ({ t: i, ch: i === 0 ? 0 : 1, dir: "s2d", off: 0, len: off }));
  const main = deviceStream();
  const channel = multifdChannel(0, SYNC, WHOLE, SYNC);
  const expect = { maxQueuedSize: 300, qemu: "10.2" };
  assertEquals(check(deviceCapture(WHOLE), { expect }), ["warning size-limit"]);
  assertEquals(check(deviceCapture(WHOLE), { expect: { ...expect, maxQueuedSize: 100 } }), ["size-limit"]);
  // Recorded: all packets had arrived before SWITCHOVER_START had.
  const late = memoryCapture(
    [{ bytes: main.bytes() }, { bytes: channel }],
    [...order(10, channel.length), { t: 9, ch: 0, dir: "s2d", off: 0, len: main.length }],
  );
  assertEquals(check(late, { expect }), ["size-limit"]);
});

Deno.test("checkCapture() has nothing against a device over multifd", () => {
  const report = checkCapture(deviceCapture(WHOLE));
  assertEquals(codes(report), []);
  assertEquals(report.complete, true);
});

Deno.test("checkCapture() wants buffers numbered from 0 without gap, and the config last and once", () => {
  const cases: [string, Piece[], string[]][] = [
    ["a gap", [devicePacket(0, 1), configPacket(2)], ["missing-idx"]],
    ["no config", [devicePacket(0, 1)], ["no-config"]],
    ["the first missing", [configPacket(1)], ["missing-idx"]],
    ["one twice", [devicePacket(0, 1), devicePacket(0, 1), configPacket(1)], ["duplicate-idx"]],
    ["two configs", [configPacket(0), configPacket(1)], ["second-config"]],
    ["data after the config", [configPacket(0), devicePacket(1, 1)], ["buffers-after-config"]],
    ["an index without measure", [devicePacket(0x7fffffff, 1), configPacket(0)], [
      "allocation",
      "buffers-after-config",
    ]],
    ["another section", [...WHOLE, devicePacket(0, 1, { idstr: "ram" })], ["no-loader"]],
    ["an unknown device", [...WHOLE, devicePacket(0, 1, { idstr: "0000:00:09.0/vfio" })], [
      "unknown-section",
      "no-config",
    ]],
    ["none at all", [], ["no-packets"]],
  ];
  for (const [name, packets, expected] of cases) assertEquals(check(deviceCapture(packets)), expected, name);
});

Deno.test("checkCapture() reads the config in its packet, and takes it apart and together again", () => {
  const wrongPin = CONFIG.slice();
  wrongPin[8 + 260 + 3] = 2;
  const trailing = bytesOf(CONFIG, 0xaa);
  const cases: [string, Uint8Array, string[]][] = [
    ["a pin that is 2", wrongPin, ["irq"]],
    ["bytes behind the end", trailing, ["warning trailing"]],
    ["cut", CONFIG.subarray(0, 100), ["truncated"]],
    ["another tag", bytesOf(VFIO_TAG.end, BLOB, VFIO_TAG.end), ["config-tag"]],
  ];
  for (const [name, data, expected] of cases) {
    const report = checkCapture(deviceCapture([configPacket(0, data)]));
    assertEquals(codes(report), expected, name);
    assertStringIncludes(report.problems[0]?.message ?? "", `config of "${DEVICE}"`);
  }
});

Deno.test("checkCapture() wants SWITCHOVER_START once where there are device-state packets", () => {
  const without = stream("pc-q35-10.1").start(2, "ram", 4, RAM_SETUP).start(3, DEVICE, 1, [
    VFIO_TAG.setup,
    VFIO_TAG.end,
  ])
    .end(2, [FLUSH, RAM_EOS]).end(3, VFIO_TAG.end).full(3, DEVICE, 1, VFIO_TAG.end).eof();
  assertEquals(check(deviceCapture(WHOLE, without)), ["no-switchover-start"]);
  const twice = stream("pc-q35-10.1").command(11);
  twice.raw(deviceStream().bytes().subarray(stream("pc-q35-10.1").length));
  assertEquals(check(deviceCapture(WHOLE, twice)), ["warning double-start"]);
});

Deno.test("checkCapture() wants as many SYNC packets on each channel as the main channel has barriers", () => {
  const capture = (...packets: Piece[]): Capture =>
    memoryCapture([{ bytes: deviceStream().bytes() }, { bytes: multifdChannel(0, WHOLE, packets) }]);
  assertEquals(check(capture(SYNC, SYNC)), []);
  const fewer = checkCapture(capture(SYNC)).problems[0];
  assertEquals([fewer?.code, fewer?.qemu], ["sync-count", "waits for ever at the barrier"]);
  const [more] = checkCapture(capture(SYNC, SYNC, SYNC)).problems;
  const third = multifdChannel(0, WHOLE, SYNC, SYNC).length;
  assertEquals([more?.code, more?.offset], ["sync-count", third]);
});

Deno.test("checkCapture() counts the ends of RAM sections where there is no MULTIFD_FLUSH, up to postcopy", () => {
  const main = (machine: string): MainStream =>
    stream(machine).start(2, "ram", 4, [blockList({ "pc.ram": 0x10000 }), RAM_EOS])
      .part(2, RAM_EOS).end(2, RAM_EOS).eof();
  const capture = (syncs: number, machine = "pc-q35-8.0"): Capture =>
    memoryCapture([
      { bytes: main(machine).bytes() },
      { bytes: multifdChannel(0, Array.from({ length: syncs }, () => SYNC)) },
    ]);
  assertEquals(check(capture(3)), []);
  assertEquals(check(capture(2)), ["sync-count"]);
  assertEquals(check(capture(3), { expect: { machine: "pc-q35-8.0" } }), []);
  assertEquals(check(capture(3, "pc-q35-9.0"), { expect: { machine: "pc-q35-9.0" } }), ["sync-style"]);
  assertEquals(check(deviceCapture(WHOLE), { expect: { qemu: "8.0" } }), [
    "unknown-command",
    "mode-mismatch",
    "sync-style",
  ]);
});

Deno.test("checkCapture() wants multifd ids from 0 on, each once, and as many as the destination takes", () => {
  const main = { bytes: stream().start(2, "ram", 4, RAM_SETUP).end(2, [FLUSH, RAM_EOS]).eof().bytes() };
  const capture = (...ids: number[]): Capture =>
    memoryCapture([main, ...ids.map((id) => ({ bytes: multifdChannel(id, SYNC, SYNC) }))]);
  assertEquals(check(capture(0, 1)), []);
  assertEquals(check(capture(0, 2)), ["channel-id"]);
  assertEquals(check(capture(0, 0)), ["channel-id-twice"]);
  assertEquals(check(capture()), ["no-multifd"]);
  assertEquals(check(capture(), { expect: { multifd: false } }), []);
  assertEquals(check(capture(0, 1), { expect: { multifdChannels: 2 } }), []);
  assertEquals(check(capture(0, 1), { expect: { multifdChannels: 1 } }), ["channel-count"]);
  assertEquals(check(capture(0, 1), { expect: { multifdChannels: 4 } }), ["channel-count"]);
  assertEquals(check(capture(0, 1), { expect: { multifd: false, multifdChannels: 4 } }), ["multifd-off"]);
});

Deno.test("checkCapture() has QEMU's words for an id that its version refuses", () => {
  const main = { bytes: stream().start(2, "ram", 4, RAM_SETUP).end(2, [FLUSH, RAM_EOS]).eof().bytes() };
  const words = (id: number, qemu: string, multifdChannels = 2): unknown =>
    checkCapture(memoryCapture([main, ...[0, id].map((each) => ({ bytes: multifdChannel(each, SYNC, SYNC) }))]), {
      expect: { qemu, multifdChannels },
    }).problems.find(({ code }) => code.startsWith("channel-id"))?.qemu;
  assertEquals(words(5, "7.2"), "multifd: received channel version 1 expected 1");
  assertEquals(words(5, "10.0"), "multifd: received channel id 5 is greater than number of channels 2");
  assertEquals(words(5, "11.1"), "multifd: received channel id 5 exceeds channel count 2");
  assertEquals(words(0, "11.1"), "multifd: received id '0' already setup");
  assertEquals(words(2, "11.1"), "multifd: received channel id 2 exceeds channel count 2");
});

Deno.test("checkCapture() has QEMU's words for a channel that begins with another magic", () => {
  const main = { bytes: smallStream().bytes() };
  const garbage = { bytes: ascii("hello, world, once more") };
  const words = (capture: Capture, expect: CheckOptions["expect"] = {}): unknown =>
    checkCapture(capture, { expect }).problems.find(({ code }) => code === "not-understood")?.qemu;
  const first = memoryCapture([garbage]);
  const second = memoryCapture([main, garbage]);
  const packet = "multifd: received packet magic 68656c6c expected 11223344";
  assertEquals(words(first), "unknown channel magic: 1751477356");
  assertEquals(words(first, { qemu: "10.0" }), "Not a migration stream");
  assertEquals(words(first, { qemu: "10.0", multifd: true }), packet);
  assertEquals(words(first, { qemu: "7.2", multifd: true }), "Not a migration stream");
  assertEquals(words({ ...first, kind: "file" }), "Not a migration stream, magic: 68656c6c != 5145564d");
  assertEquals(words(second), undefined);
  assertEquals(words(second, { qemu: "7.2", multifd: true }), packet);
  assertEquals(words(second, { qemu: "11.1", multifd: true }), "unknown channel magic: 1751477356");
  assertEquals(words(memoryCapture([{ bytes: ascii("hel") }])), undefined);
});

Deno.test("checkCapture() lets a destination before 8.2 fill a zero page", () => {
  const bytes = ramStream().end(2, [zeroPage(0, BLOCK, 7), RAM_EOS]).eof().bytes();
  const capture = memoryCapture([{ bytes }]);
  assertEquals(check(capture, { expect: { qemu: "7.2" } }), ["warning fill"]);
  assertEquals(check(capture), ["fill"]);
});

Deno.test("checkCapture() misses the main channel of a directory, not that of a channel by itself", () => {
  const channel = multifdChannel(0, SYNC);
  assertEquals(check(memoryCapture([{ bytes: channel }])), ["no-main"]);
  assertEquals(check(memoryCapture([{ bytes: new Uint8Array(0) }, { bytes: channel }])), ["no-main"]);
  assertEquals(check(alone(channel)), []);
  const main = smallStream().bytes();
  assertEquals(check(memoryCapture([{ bytes: main }, { bytes: main }])), ["second-main"]);
});

Deno.test("checkCapture() judges multifd packets by the RAM blocks and the destination's compression", () => {
  const ram = (block: string, offset: number, flags = 0, size = 4096): Piece => [
    be(0x11223344, 4),
    be(1, 4),
    be(flags, 4),
    be(128, 4),
    be(1, 4),
    be(size, 4),
    be(0, 8),
    new Uint8Array(32),
    ascii(block.padEnd(256, "\0")),
    word(offset),
    new Uint8Array(127 * 8),
    new Uint8Array(size),
  ];
  const main = { bytes: stream().start(2, "ram", 4, RAM_SETUP).end(2, RAM_EOS).eof().bytes() };
  const capture = (...packets: Piece[]): Capture => memoryCapture([main, { bytes: multifdChannel(0, packets, SYNC) }]);
  assertEquals(check(capture(ram("pc.ram", 0x1000))), []);
  assertEquals(check(capture(ram("vga.vram", 0))), ["block"]);
  assertEquals(check(capture(ram("pc.ram", 0x10000))), ["offset"]);
  assertEquals(check(capture(ram("pc.ram", 0, 2, 10), ram("pc.ram", 0, 4, 10))), ["compression"]);
  assertEquals(
    check(capture(ram("pc.ram", 0, 2, 10), ram("pc.ram", 0, 2, 10)), { expect: { multifdCompression: "zstd" } }),
    ["compression"],
  );
  assertEquals(check(capture(ram("pc.ram", 0, 2, 10)), { expect: { multifdCompression: "zlib" } }), []);
});

Deno.test("checkCapture() holds the device's mode to what the destination expects", () => {
  const overMultifd = (expect: CheckOptions["expect"]): string[] =>
    check(deviceCapture(WHOLE), { expect: { qemu: "10.1", ...expect } });
  assertEquals(overMultifd({ multifdTransfer: "on" }), []);
  assertEquals(overMultifd({ multifdTransfer: "off" }), ["mode-mismatch"]);
  assertEquals(overMultifd({ multifdTransfer: "on", multifdCompression: "zlib" }), ["transfer-unsupported"]);

  const onMain = stream("pc-q35-10.1").start(3, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end])
    .end(3, [vfioData(4), VFIO_TAG.end]).full(3, DEVICE, 1, [be(0xffffffffef100002n, 8), BLOB, VFIO_TAG.end]).eof();
  const capture = memoryCapture([{ bytes: onMain.bytes() }]);
  assertEquals(check(capture), []);
  assertEquals(check(capture, { expect: { multifdTransfer: "on" } }), ["mode-mismatch"]);
  assertEquals(check(deviceCapture(WHOLE, onMain)).includes("mode-mixed"), true);
});

Deno.test("checkCapture() holds the moment of loading the config to what the destination expects", () => {
  const ready = deviceCapture(WHOLE, deviceStream(VFIO_TAG.configLoadReady));
  const expect = { qemu: "10.2", multifdTransfer: "on", loadConfigAfterIter: "on" } as const;
  assertEquals(check(ready, { expect }), []);
  assertEquals(check(ready, { expect: { ...expect, loadConfigAfterIter: "off" } }), ["ready-disabled"]);
  assertEquals(check(ready, { expect: { ...expect, qemu: "10.0" } }), ["unknown-tag"]);
  assertEquals(check(deviceCapture(WHOLE), { expect }), ["gate"]);
});

Deno.test("checkCapture() notices what is odd in the sections of a VFIO device", () => {
  const setup = [VFIO_TAG.setup, VFIO_TAG.end];
  const config = [be(0xffffffffef100002n, 8), BLOB, VFIO_TAG.end];
  const main = (add: (stream: MainStream) => MainStream): string[] =>
    check(memoryCapture([{ bytes: add(stream("pc-q35-10.1").start(3, DEVICE, 1, setup)).eof().bytes() }]));
  assertEquals(main((stream) => stream.full(3, DEVICE, 1, config).end(3, VFIO_TAG.end)), ["warning section-order"]);
  assertEquals(main((stream) => stream.full(3, DEVICE, 1, config)), ["warning no-end"]);
  const twice = deviceStream(VFIO_TAG.configLoadReady).bytes();
  const again = stream().full(3, DEVICE, 1, VFIO_TAG.configLoadReady).bytes().subarray(stream().length);
  const bytes = bytesOf(twice.subarray(0, -1), again, 0);
  const packets = multifdChannel(0, SYNC, WHOLE, SYNC);
  assertEquals(check(memoryCapture([{ bytes }, { bytes: packets }])), ["duplicate-ready"]);
  const both = stream("pc-q35-10.1").start(2, "ram", 4, RAM_SETUP).start(3, DEVICE, 1, setup).command(11)
    .end(2, [FLUSH, RAM_EOS]).end(3, [vfioData(4), VFIO_TAG.end]).full(3, DEVICE, 1, VFIO_TAG.end).eof();
  assertEquals(check(deviceCapture(WHOLE, both)), ["warning mixed-data"]);
});

Deno.test("checkCapture() misses a device that the destination's command line does not have", () => {
  const command = (devices: string): string[] => `qemu-system-x86_64 -M pc-q35-10.1 ${devices}`.trim().split(" ");
  const capture = (devices: string): Capture => ({
    ...deviceCapture(WHOLE),
    manifest: { format: "", name: "", other: {}, destination: { qemu: "10.1.0", command: command(devices) } },
  });
  const on = "x-migration-multifd-transfer=on";
  assertEquals(check(capture(`-device vfio-pci,addr=5,${on}`)), []);
  assertEquals(check(capture(`-device vfio-pci,addr=6,${on}`)), ["missing-device"]);
  assertEquals(check(capture("")), ["missing-device"]);
  assertEquals(check(capture(`-device vfio-pci,${on}`)), [], "nobody says where it is");
});

Deno.test("checkCapture() lets INIT_DATA_SENT come again only where QEMU 11.1 does", () => {
  const main = stream("pc-q35-11.1").command(1).start(3, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end])
    .part(3, VFIO_TAG.initDataSent).part(3, VFIO_TAG.initDataSent).end(3, VFIO_TAG.end)
    .full(3, DEVICE, 1, [be(0xffffffffef100002n, 8), BLOB, VFIO_TAG.end]).eof();
  const capture = memoryCapture([{ bytes: main.bytes() }]);
  assertEquals(check(capture), ["switchover-ack"]);
  assertEquals(check(capture, { expect: { qemu: "11.1" } }), []);
});

Deno.test("checkCapture() holds postcopy-ram and the size of memory to the destination", () => {
  const main = stream("pc-q35-10.0").command(3).start(2, "ram", 4, [blockList({ "pc.ram": 0x800000 }), RAM_EOS]).eof();
  const capture = (capabilities: { [name: string]: boolean }, memory: string): Capture => ({
    ...memoryCapture([{ bytes: main.bytes() }]),
    manifest: {
      format: "",
      name: "",
      other: {},
      destination: { qemu: "10.0.2", capabilities, command: ["qemu-system-x86_64", "-m", memory] },
    },
  });
  assertEquals(check(capture({}, "8")), []);
  assertEquals(check(capture({ "postcopy-ram": true }, "16")), ["ram-size", "postcopy-ram"]);
});

Deno.test("checkCapture() wants switchover-ack, and a return path, for INIT_DATA_SENT", () => {
  const main = (...before: number[]): Capture => {
    const main = stream("pc-q35-10.0");
    for (const command of before) main.command(command);
    main.start(3, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end]).part(3, VFIO_TAG.initDataSent).part(3, VFIO_TAG.end)
      .end(3, VFIO_TAG.end).full(3, DEVICE, 1, [be(0xffffffffef100002n, 8), BLOB, VFIO_TAG.end]).eof();
    return memoryCapture([{ bytes: main.bytes() }]);
  };
  assertEquals(check(main(1)), []);
  assertEquals(check(main()), ["no-return-path"]);
  assertEquals(check(main(1), { expect: { switchoverAck: false } }), ["switchover-ack"]);
  assertEquals(check(main(1), { expect: { switchoverAck: true } }), []);
});

Deno.test("checkCapture() holds machine, capabilities and UUID to the destination", () => {
  const uuid = subsection("configuration/uuid", new Uint8Array(16).fill(0x11));
  const main = stream("pc-q35-10.0", capabilities("x-ignore-shared"), uuid).eof();
  const capture = {
    ...memoryCapture([{ bytes: main.bytes() }]),
    manifest: {
      format: "",
      name: "",
      other: {},
      destination: {
        qemu: "10.0.2",
        command: ["qemu-system-x86_64", "-M", "q35", "-uuid", "22222222-2222-2222-2222-222222222222"],
        capabilities: {},
      },
    },
  };
  assertEquals(check(capture), ["uuid", "capability"]);
  const { problems } = checkCapture(capture, { expect: { machine: "pc", mappedRam: true } });
  assertEquals(problems.map(({ code, qemu }) => [code, qemu]), [
    ["machine", "Machine type received is 'pc-q35-10.0' and local is 'pc-i440fx-10.0'"],
    [
      "uuid",
      "UUID received is 11111111-1111-1111-1111-111111111111 and local is 22222222-2222-2222-2222-222222222222",
    ],
    ["capability", "Capability mapped-ram is on, but received capability is off"],
    ["capability", "Capability x-ignore-shared is off, but received capability is on"],
  ]);
});

Deno.test("checkCapture() holds the sections to the VM description", () => {
  const timer = { name: "timer", instance_id: 0, vmsd_name: "timer", version: 2 };
  const described = (fields: object[], ...others: object[]): Capture => {
    const main = stream().full(0, "timer", 2, [word(1), word(0), word(2)]).eof()
      .description({ page_size: 4096, devices: [{ ...timer, fields }, ...others] });
    return memoryCapture([{ bytes: main.bytes() }]);
  };
  const field = (name: string, size = 8): object => ({ name, type: size === 8 ? "int64" : "buffer", size });
  assertEquals(check(described([field("a"), field("b"), field("c")])), []);
  assertEquals(check(described([field("a"), field("b"), field("c")], { ...timer, name: "rtc", fields: [] })), [
    "description-order",
  ]);
  assert(check(described([field("a"), field("b"), field("c", 4)])).includes("description-mismatch"));
});

Deno.test("checkCapture() knows no QEMU with a section that is not called after its state", () => {
  const sections = (name: string, vmsd_name: string | undefined, sent = name, instance = 0): Capture => {
    const device = { name, instance_id: 0, ...(vmsd_name === undefined ? {} : { vmsd_name }), version: 1 };
    const fields = [{ name: "x", type: "uint8", size: 1 }];
    const main = stream().full(0, sent, 1, 1, instance).eof()
      .description({ page_size: 4096, devices: [{ ...device, fields }] });
    return memoryCapture([{ bytes: main.bytes() }]);
  };
  assertEquals(check(sections("gizmo", "gizmo")), []);
  assertEquals(check(sections("0000:00:02.0/gizmo", "gizmo")), []);
  assertEquals(check(sections("old-style", undefined)), []);
  const problem = (capture: Capture, code: string): unknown[] => {
    const { problems } = checkCapture(capture, { expect: { qemu: "10.0" } });
    return problems.filter((one) => one.code === code).map(({ severity, offset, qemu }) => [severity, offset, qemu]);
  };
  const words = (name: string, instance = 0): string =>
    `Unknown savevm section or instance '${name}' ${instance}. Make sure that your current VM setup matches your saved ` +
    "VM setup, including any hotplugged devices";
  const at = stream().length;
  assertEquals(problem(sections("gadget", "gizmo"), "section-unknown"), [["error", at, words("gadget")]]);
  assertEquals(problem(sections("gizmo", "gizmo", "gadget"), "section-undescribed"), [[
    "warning",
    at,
    words("gadget"),
  ]]);
  assertEquals(problem(sections("gizmo", "gizmo", "gizmo", 3), "section-undescribed"), [
    ["warning", at, words("gizmo", 3)],
  ]);
});

Deno.test("checkCapture() takes bytes that are not understood for an error, told once", () => {
  const trailing = checkCapture(memoryCapture([{ bytes: bytesOf(smallStream().bytes(), 1, 2, 3) }]));
  assertEquals(codes(trailing), ["trailing"]);
  assertEquals([trailing.ok, trailing.complete, trailing.channels[0]?.opaque], [false, false, 3]);
  const garbage = bytesOf(stream().bytes(), 0x55, new Uint8Array(100));
  assertEquals(check(memoryCapture([{ bytes: garbage }])), ["section-type"]);
  const foreign = memoryCapture([{ bytes: smallStream().bytes() }, { bytes: ascii("hello, world, once more") }]);
  assertEquals(check(foreign), ["not-understood"]);
});

Deno.test("checkCapture() predicts nothing against a recording that says otherwise, unless the user asks", () => {
  const main = { bytes: stream("pc-q35-10.0").eof().bytes() };
  const outcome = { source: "completed", destination: "completed" };
  const destination = { qemu: "10.0.2", command: ["qemu-system-x86_64", "-M", "pc"] };
  const manifest = { format: "", name: "", other: {}, destination };
  const capture = { ...memoryCapture([main]), manifest: { ...manifest, outcome } };
  assertEquals(check(capture), ["warning machine"]);
  assertEquals(checkCapture(capture, { strict: true }).ok, false);
  assertEquals(check(capture, { expect: { machine: "pc" } }), ["machine"]);
  const failed = { ...capture, manifest: { ...manifest, outcome: { ...outcome, destination: "failed" } } };
  assertEquals(check(failed), ["machine"]);
});

Deno.test("checkCapture() reports a recorded failure that the streams do not explain", () => {
  const outcome = { source: "completed", destination: "exited", error: "out of memory" };
  const manifest = { format: "", name: "", other: {}, outcome };
  const capture = { ...memoryCapture([{ bytes: smallStream().bytes() }]), manifest };
  const [problem] = checkCapture(capture).problems;
  assertEquals([problem?.code, problem?.channel, problem?.qemu], ["recorded-outcome", "capture.json", "out of memory"]);
  assertEquals(check(capture, { expect: { qemu: "11.1" } }), [], "the user asks about another destination");
  const cut = { ...memoryCapture([{ bytes: smallStream().bytes().subarray(0, 100) }]), manifest };
  assertEquals(check(cut), ["truncated"]);
});

Deno.test("checkCapture() says that it could not compare what came from a long pipe", () => {
  const bytes = smallStream().bytes();
  let at = 0;
  const stdin = (into: Uint8Array): number => {
    const part = bytes.subarray(at, at + Math.min(into.length, 1000));
    into.set(part);
    at += part.length;
    return part.length;
  };
  const report = checkCapture(openCapture("-", { stdin, keep: 1000 }));
  assertEquals([codes(report), report.ok], [["warning not-compared"], true]);
  assertEquals(report.channels.map(({ rewritten, understood }) => [rewritten, understood]), [[null, bytes.length]]);
});

Deno.test("checkCapture() counts problems that it does not keep", () => {
  const fills = Array.from({ length: 10_001 }, () => bytesOf(word(0x22), 7));
  const main = stream().start(2, "ram", 4, [
    blockList({ "pc.ram": 0x10000 }),
    page(0, "pc.ram"),
    fills,
    RAM_EOS,
  ]).eof();
  const report = checkCapture(memoryCapture([{ bytes: main.bytes() }]));
  assertEquals([report.problems.length, report.found.errors], [10_000, 10_001]);
});
