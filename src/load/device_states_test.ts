import { assertEquals } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { createHash } from "node:crypto";
import fc from "fast-check";
import {
  parseConfigBlob,
  VFIO_MIG_FLAG_DEV_CONFIG_STATE,
  VFIO_MIG_FLAG_END_OF_STATE,
  vfioConfigPacket,
} from "../wire/mod.ts";
import { deviceStateDigests } from "./device_states.ts";
import { blockList, RAM_EOS, stream } from "../../testing/main_stream.ts";
import { VFIO_TAG, vfioData } from "../../testing/memory_capture.ts";
import { memoryCapture, packet } from "./streams_for_test.ts";

const DEVICE = "0000:00:05.0/vfio";

/** The smallest config there is. */
const CONFIG = new Uint8Array(276);
CONFIG[3] = 2;

const CONFIG_DATA = vfioConfigPacket.encode({
  tag: VFIO_MIG_FLAG_DEV_CONFIG_STATE,
  config: parseConfigBlob(CONFIG),
  end: VFIO_MIG_FLAG_END_OF_STATE,
  trailing: new Uint8Array(0),
});

function sha256(...parts: Uint8Array[]): string {
  return createHash("sha256").update(concat(parts)).digest("hex");
}

function channel(id: number, ...packets: Uint8Array[]): Uint8Array {
  return concat([packet.init(id), ...packets]);
}

function codes(...channels: Uint8Array[]): string[] {
  return deviceStateDigests(memoryCapture(...channels)).problems.map(({ code }) => code);
}

Deno.test("deviceStateDigests() puts buffers in order, whichever channels they came on", () => {
  const buffer = fc.record({
    data: fc.uint8Array({ minLength: 1, maxLength: 20 }),
    channel: fc.nat(2),
    order: fc.nat(),
  });
  fc.assert(fc.property(fc.array(buffer, { maxLength: 12 }), (buffers) => {
    const packets = [
      ...buffers.map(({ data }, idx) => packet.device(DEVICE, idx, data)),
      packet.device(DEVICE, buffers.length, CONFIG_DATA, true),
    ];
    const places = [...buffers, { channel: 0, order: 0 }].map((place, idx) => ({ ...place, idx }));
    const channels = [0, 1, 2].map((id) =>
      channel(
        id,
        ...places.filter((place) => place.channel === id).toSorted((a, b) => a.order - b.order)
          .map(({ idx }) => packets[idx] ?? new Uint8Array(0)),
      )
    );
    const { devices, problems } = deviceStateDigests(memoryCapture(...channels));
    const state = buffers.map(({ data }) => data);
    assertEquals(problems, []);
    assertEquals(devices, [{
      idstr: DEVICE,
      instanceId: 0,
      stateBytes: concat(state).length,
      stateSha256: sha256(...state),
      config: CONFIG,
      configSha256: sha256(CONFIG),
    }]);
  }));
});

Deno.test("deviceStateDigests() goes as far as a destination can load", () => {
  const data = Uint8Array.of(1);
  const bytes = channel(0, packet.device(DEVICE, 0, data), packet.device(DEVICE, 2, data));
  const { devices, problems } = deviceStateDigests(memoryCapture(bytes));
  assertEquals(devices.map(({ stateBytes, config }) => [stateBytes, config]), [[1, null]]);
  assertEquals(problems.map(({ code }) => code), ["buffer-missing"]);
});

Deno.test("deviceStateDigests() refuses a second buffer of an index, and buffers behind the config", () => {
  const data = Uint8Array.of(1);
  const config = packet.device(DEVICE, 1, CONFIG_DATA, true);
  assertEquals(codes(channel(0, packet.device(DEVICE, 0, data), packet.device(DEVICE, 0, data))), ["buffer-twice"]);
  assertEquals(codes(channel(0, packet.device(DEVICE, 0, data), config, config)), ["buffer-twice"]);
  const behind = [0, 2].map((idx) => packet.device(DEVICE, idx, data));
  assertEquals(codes(channel(0, config, ...behind)), ["buffer-after-config"]);
  assertEquals(codes(channel(0, config)), ["buffer-missing"]);
});

Deno.test("deviceStateDigests() reports a config that is none", () => {
  assertEquals(codes(channel(0, packet.device(DEVICE, 0, new Uint8Array(8), true))), ["config-tag"]);
  assertEquals(codes(channel(0, packet.device(DEVICE, 0, new Uint8Array(2 ** 20 + 1), true))), ["config-size"]);
});

Deno.test("deviceStateDigests() keeps a few thousand devices, and no more", () => {
  const packets = Array.from({ length: 5000 }, (_, i) => packet.device(`${i}/vfio`, 0, Uint8Array.of(1)));
  assertEquals(deviceStateDigests(memoryCapture(channel(0, ...packets))).devices.length, 4096);
});

/** A main stream that has RAM, and so many bytes of the device. */
function mainWith(length: number): Uint8Array {
  return stream()
    .start(2, "ram", 4, [blockList({ "pc.ram": 0x10000 }), RAM_EOS])
    .start(5, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end])
    .part(5, [vfioData(length), VFIO_TAG.end])
    .end(2, RAM_EOS)
    .end(5, VFIO_TAG.end)
    .eof().bytes();
}

Deno.test("deviceStateDigests() gives the devices of a main stream, and no other section", () => {
  const { devices } = deviceStateDigests(memoryCapture(mainWith(7)));
  assertEquals(devices.map(({ idstr, stateBytes }) => [idstr, stateBytes]), [[DEVICE, 7]]);
});

Deno.test("deviceStateDigests() takes the first of two migrations, wherever its main channel stands", () => {
  const bytes = (...channels: Uint8Array[]): number[] =>
    deviceStateDigests(memoryCapture(...channels)).devices.map(({ stateBytes }) => stateBytes);
  assertEquals(bytes(mainWith(7), mainWith(100)), [7]);
  assertEquals(bytes(channel(0, packet.device(DEVICE, 0, Uint8Array.of(1))), mainWith(7)), [8]);
});

Deno.test("deviceStateDigests() reads a long state in pieces of 256 KiB", () => {
  const state = Uint8Array.from({ length: 600_000 }, (_, i) => i * 7 + (i >> 8));
  const capture = memoryCapture(channel(0, packet.device(DEVICE, 0, state)));
  const reads: number[] = [];
  for (const { source } of capture.channels) {
    if (source === undefined) continue;
    const readAt = source.readAt.bind(source);
    source.readAt = (offset, into): number => (reads.push(into.length), readAt(offset, into));
  }
  const { devices } = deviceStateDigests(capture);
  assertEquals(devices.map(({ stateSha256 }) => stateSha256), [sha256(state)]);
  assertEquals(reads.slice(-3), [262_144, 262_144, 600_000 - 2 * 262_144]);
});
