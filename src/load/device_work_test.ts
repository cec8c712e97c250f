import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { configPacket, loadBytes, packet, wholeStream } from "../../testing/load_bytes.ts";
import { CONFIG } from "../../testing/load_bytes.ts";
import { bytesOf } from "../../testing/main_stream.ts";
import { type ByteSource, CaptureError, MemorySource, type ReadChannel } from "../capture/mod.ts";
import { readRange } from "./channel_bytes.ts";
import { DeviceWorker } from "./device_work.ts";
import { LoadingDevice } from "./engine/mod.ts";
import { DeviceRefusal, DigestSink } from "./sinks.ts";

/** A device that is loaded from the main channel, and is told what it is told. */
function device(): LoadingDevice<never> {
  const limits = { bytes: Infinity, buffers: Infinity };
  const settings = { name: "NAME", multifdTransfer: false, gate: false, limits, precopy: true, p2p: true };
  return new LoadingDevice<never>({ idstr: "d/vfio", instanceId: 0 }, settings, {
    write: () => {},
    loadConfig: () => {},
  }, { fail: () => {}, threadFailed: () => {}, warn: () => {}, isLocked: () => false });
}

/** A source that gives at most three bytes at a time, and none from `end` on. */
function sparing(bytes: Uint8Array, end = bytes.length): ByteSource {
  const source = new MemorySource(bytes.subarray(0, end));
  return {
    size: bytes.length,
    readAt: (offset: number, into: Uint8Array) => source.readAt(offset, into.subarray(0, 3)),
  } as unknown as ByteSource;
}

const BYTES = Uint8Array.from({ length: 40 }, (_, i) => i);

Deno.test("a device is given the bytes at their place, however few come at a time", () => {
  const taken: number[] = [];
  const worker = new DeviceWorker(device() as never, { write: (bytes) => void taken.push(...bytes) });
  worker.perform({
    kind: "write",
    data: { source: sparing(BYTES), offset: 10, config: undefined },
    from: 4,
    length: 15,
  });
  assertEquals(taken, [14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24]);
});

Deno.test("a capture that becomes shorter while it is loaded is an error that says where", () => {
  const worker = new DeviceWorker(device() as never, { write: () => {} });
  const data = { source: sparing(BYTES, 20), offset: 10, config: undefined };
  assertThrows(
    () => worker.perform({ kind: "write", data, from: 4, length: 15 }),
    RangeError,
    "Cannot read device state at 20: the file has shrunk",
  );
  const channel = { channel: { label: "c", source: new MemorySource(BYTES) } } as unknown as ReadChannel;
  assertEquals(readRange(channel, { offset: 30, length: 10 }).length, 10);
  assertThrows(() => readRange(channel, { offset: 31, length: 10 }), CaptureError, "it has become shorter meanwhile");
});

Deno.test("a buffer of several pieces is loaded in its order", async () => {
  const state = Uint8Array.from({ length: 2_500_000 }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
  const { devices } = await loadBytes(wholeStream(), [[packet(0, [9]), packet(1, state), configPacket(2)]]);
  const expected = new DigestSink();
  expected.write(bytesOf([9], state));
  assertEquals([devices[0]?.bytes, devices[0]?.sha256], [2_500_001, expected.digest().sha256]);
});

Deno.test("a device that takes nothing, without an error, is tried again for ever", async () => {
  const write = (): void => {
    throw new DeviceRefusal(0);
  };
  const { verdict } = await loadBytes(wholeStream(), [[packet(0, [1]), configPacket(1)]], { sink: () => ({ write }) });
  assertEquals([verdict.kind, verdict.code], ["would-hang", "write-0"]);
});

Deno.test("a single byte behind the end of a config is told", async () => {
  const { verdict, warnings } = await loadBytes(wholeStream(), [[configPacket(0, bytesOf(CONFIG, [1]))]]);
  assertEquals([verdict.kind, warnings.map(({ code }) => code)], ["ok", ["trailing"]]);
  assertEquals((await loadBytes(wholeStream(), [[configPacket(0)]])).warnings, []);
});

Deno.test("what a sink throws when it is closed is thrown by the load", async () => {
  const sink = { write: () => {}, close: () => Promise.reject(new TypeError("the disk is full")) };
  await assertRejects(
    () => loadBytes(wholeStream(), [[packet(0, [1]), configPacket(1)]], { sink: () => sink }),
    TypeError,
    "the disk is full",
  );
});
