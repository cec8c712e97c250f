import { assertEquals, assertStringIncludes } from "@std/assert";
import type { BenchOptions } from "../../testing/destination_bench.ts";
import {
  CONFIG,
  CONFIG_BLOB,
  configPacket,
  loadBytes,
  packet,
  type PacketFields,
  padded,
  rawPacket,
  wholeStream,
} from "../../testing/load_bytes.ts";
import { be, bytesOf, type Piece } from "../../testing/main_stream.ts";
import { DEVICE, VFIO_TAG } from "../../testing/memory_capture.ts";
import { vectorBytes } from "../../testing/vectors.ts";
import type { ByteSource } from "../capture/mod.ts";
import { loadCapture, type LoadOptions, type LoadResult } from "./mod.ts";
import { memoryCapture, multifdChannel } from "../../testing/memory_capture.ts";
import { settingsOf } from "../../testing/destination_bench.ts";

/** Loads one device over one channel. */
function load(packets: Piece[], options: BenchOptions & Partial<LoadOptions> = {}): Promise<LoadResult> {
  return loadBytes(wholeStream(), [packets], options);
}

/** Kind, code and QEMU's text. */
function told({ verdict }: LoadResult): (string | undefined)[] {
  return [verdict.kind, verdict.code, verdict.qemu];
}

const codes = ({ warnings }: LoadResult): string[] => warnings.map(({ code }) => code);

/** A packet that is refused, and with what. */
const REFUSED: [row: number, title: string, bytes: Uint8Array, code: string, qemu: string][] = [
  [36, "another version", packet(0, [1], { version: 1 }), "version", "NAME: packet has unknown version 1"],
  [37, "index 0xffffffff", packet(0xffffffff, [1]), "idx", "NAME: packet index is invalid"],
  [39, "11 bytes", rawPacket(new Uint8Array(11)), "short", "NAME: packet too short at 11 (min is 12)"],
  [
    53,
    "a device that the destination does not have",
    packet(0, [1], { idstr: padded("0000:00:09.0/vfio"), instance: 3 }),
    "unknown-section",
    "Unknown idstr 0000:00:09.0/vfio or instance id 3 for load state buffer",
  ],
  [
    54,
    "a section that takes no buffers",
    packet(0, [1], { idstr: padded("ram") }),
    "no-loader",
    "idstr ram / instance 0 has no load state buffer operation",
  ],
  [
    55,
    "a name without NUL",
    packet(0, [1], { idstr: new Uint8Array(256).fill(0x72) }),
    "idstr",
    "unterminated multifd device state idstr",
  ],
  [56, "no payload", rawPacket([]), "empty", "multifd: received empty device state packet"],
  [
    59,
    "a payload that is cut",
    packet(0, [1, 2, 3], { size: 100 }),
    "truncated",
    "Unexpected end-of-file before all data were read",
  ],
];

for (const [row, title, bytes, code, qemu] of REFUSED) {
  Deno.test(`row ${row}: a device packet with ${title} is refused`, async () => {
    assertEquals(told(await load([bytes])), ["error", code, qemu]);
  });
}

Deno.test("row 38: a huge index makes QEMU allocate as much; one below the cap costs nothing", async () => {
  assertEquals(told(await load([packet(0xfffffffe, [1])])).slice(0, 2), ["would-abort", "allocation"]);
  assertEquals(told(await load([packet((1 << 20) - 1, [1])])).slice(0, 2), ["would-hang", "missing-idx"]);
});

Deno.test("row 40: an empty data buffer is odd, but fine", async () => {
  const result = await load([packet(0, []), packet(1, [7]), configPacket(2)]);
  assertEquals([result.verdict.kind, codes(result), result.devices[0]?.bytes], ["ok", ["empty-buffer"], 1]);
});

Deno.test("row 41: an empty config packet is refused", async () => {
  assertEquals(told(await load([configPacket(0, [])])), [
    "error",
    "config-tag",
    "NAME: expected FLAG_DEV_CONFIG_STATE but got 0",
  ]);
});

Deno.test("row 42: unknown VFIO flags are odd, but ignored", async () => {
  const result = await load([packet(0, [7], { vfioFlags: 2 }), configPacket(1)]);
  assertEquals([result.verdict.kind, codes(result)], ["ok", ["flags"]]);
});

Deno.test("row 43: a config that is refused fails the load, and the source thinks that all went well", async () => {
  const wrong = bytesOf(be(0xffffffffef100002n, 8), be(3, 4), new Uint8Array(272), VFIO_TAG.end);
  const result = await load([packet(0, [7]), configPacket(1, wrong)]);
  assertEquals(result.verdict.kind, "error");
  assertStringIncludes(result.verdict.qemu ?? "", "NAME: vfio_load_device_config_state() failed: -22");
  assertEquals(codes(result), ["source-thinks-success"]);
  const noEnd = await load([configPacket(0, bytesOf(be(0xffffffffef100002n, 8), CONFIG_BLOB))]);
  assertEquals(noEnd.verdict.code, "config-end");
  assertStringIncludes(noEnd.verdict.qemu ?? "", "NAME: Failed loading device config space, end flag incorrect 0x0");
});

Deno.test("row 44: bytes behind the end of the config are odd, but ignored", async () => {
  const result = await load([configPacket(0, bytesOf(CONFIG, [1, 2, 3]))]);
  assertEquals([result.verdict.kind, codes(result), result.devices[0]?.configBytes], ["ok", ["trailing"], 276]);
});

/** A channel with zeros behind its beginning, which take no memory. */
function withZeros(beginning: Uint8Array, size: number): ByteSource {
  return {
    size,
    close(): void {},
    readAt(offset, into): number {
      const count = Math.min(into.length, size - offset);
      into.fill(0, 0, count);
      into.set(beginning.subarray(offset, offset + count));
      return count;
    },
  };
}

Deno.test("row 57: a packet larger than we take makes QEMU allocate as much, be it there or not", async () => {
  const head = multifdChannel(0, packet(0, [], { size: 0xffffffff }));
  for (const size of [head.length, head.length + 0xffffffff - 12]) {
    const capture = memoryCapture([{ bytes: wholeStream() }, { bytes: head }]);
    const channels = capture.channels.map((channel) =>
      channel.index === 1 ? { ...channel, source: withZeros(head, size) } : channel
    );
    const settings = settingsOf({ channels: 1 });
    const result = await loadCapture({ ...capture, channels }, { order: "canonical", pageSize: 4096, settings });
    assertEquals(told(result).slice(0, 2), ["would-abort", "allocation"]);
  }
});

Deno.test("row 58: a device packet with SYNC is queued, then refused", async () => {
  const both: PacketFields = { flags: 0x41 };
  const result = await load([packet(0, [7], both), configPacket(1)]);
  assertEquals(told(result), ["error", "sync-device-state", "multifd: received SYNC device state packet"]);
  assertEquals([result.devices[0]?.queue?.buffersQueued, result.devices[0]?.bytes], [1, 1]);
});

/** A zlib packet header of one channel: so many pages with content, zero pages, bytes of payload. */
function zlibPacket(normal: number, zero: number, size: number): Uint8Array {
  const pages = 128;
  const counts = [be(pages, 4), be(normal, 4), be(size, 4), be(0, 8), be(zero, 4), new Uint8Array(28)];
  return bytesOf(be(0x11223344, 4), be(1, 4), be(2, 4), counts, padded("pc.ram"), new Uint8Array(8 * pages));
}

for (
  const [row, code, bytes] of [
    [79, "codec-empty", bytesOf(zlibPacket(0, 1, 5), new Uint8Array(5))],
    [80, "codec-size", bytesOf(zlibPacket(1, 0, 0x100001), new Uint8Array(0x100001))],
  ] as const
) {
  Deno.test(`row ${row}: a compressed packet with the fault ${code} is an error, an abort in 10.1 and 10.2`, async () => {
    const inMainMode = { devices: { [DEVICE]: { multifdTransfer: false } }, compression: "zlib" as const };
    const kind = async (qemu: string): Promise<string> => {
      const { verdict } = await load([bytes], { ...inMainMode, qemu, multifd: true });
      assertEquals(verdict.code, code);
      return verdict.kind;
    };
    assertEquals([await kind("10.0.13"), await kind("10.2.2"), await kind("11.1.3")], [
      "error",
      "would-abort",
      "error",
    ]);
  });
}

Deno.test("row 93: the left-over packet of QEMU 7.2 is ignored, and has no payload", async () => {
  const result = await loadBytes(wholeStream(), [[vectorBytes("V15"), packet(0, [7]), configPacket(1)]]);
  // The SYNC in front of it has no barrier in this stream.
  assertEquals([result.verdict.kind, result.verdict.code], ["would-hang", "sync-mode"]);
  const leftOver = vectorBytes("V15").subarray(5440, 5440 + 1344);
  assertEquals((await load([leftOver, packet(0, [7]), configPacket(1)])).verdict.kind, "ok");
  assertEquals((await load([leftOver, new Uint8Array(4096), packet(0, [7])])).verdict.code, "magic");
});
