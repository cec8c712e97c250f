import { assert, assertEquals } from "@std/assert";
import { DEVICE, multifdChannel } from "../../testing/memory_capture.ts";
import { stream } from "../../testing/main_stream.ts";
import { type ByteSource, type Capture, MemorySource, readBytes } from "../capture/mod.ts";
import { deviceStateHeader, MULTIFD_FLAG, vfioPacketHeader } from "../wire/mod.ts";
import { edited } from "./edit_for_test.ts";

/** Bytes of a buffer. */
const BUFFER = 1024 * 1024;

const BUFFERS = 4096;

const INITIAL = multifdChannel(0);

/** Bytes before a buffer. */
const HEADER = 276 + 12;

const PACKET = HEADER + BUFFER;

/** A multifd channel of 4 GiB with the buffers of a device, which are zeros and nowhere in memory. */
class ManyBuffers implements ByteSource {
  readonly size = INITIAL.length + BUFFERS * PACKET;
  /** Bytes that were read. */
  read = 0;

  readAt(offset: number, into: Uint8Array): number {
    const count = Math.max(0, Math.min(into.length, this.size - offset));
    into.fill(0, 0, count);
    const put = (bytes: Uint8Array, at: number): void => {
      const from = Math.max(at, offset);
      const to = Math.min(at + bytes.length, offset + count);
      if (from < to) into.set(bytes.subarray(from - at, to - at), from - offset);
    };
    put(INITIAL, 0);
    const first = Math.max(0, Math.floor((offset - INITIAL.length) / PACKET));
    for (let idx = first; idx < BUFFERS && INITIAL.length + idx * PACKET < offset + count; idx++) {
      put(headerOf(idx), INITIAL.length + idx * PACKET);
    }
    this.read += count;
    return count;
  }

  close(): void {}
}

function headerOf(idx: number): Uint8Array {
  const bytes = new Uint8Array(HEADER);
  bytes.set(
    deviceStateHeader().encode({
      magic: 0x11223344,
      version: 1,
      flags: MULTIFD_FLAG.DEVICE_STATE,
      idstr: DEVICE,
      instanceId: 0,
      nextPacketSize: 12 + BUFFER,
    }),
  );
  bytes.set(vfioPacketHeader.encode({ version: 0, idx, flags: 0 }), 276);
  return bytes;
}

Deno.test("a channel of 4 GiB is edited without being read, or kept", () => {
  const many = new ManyBuffers();
  const channel = { direction: "s2d", isFile: false } as const;
  const capture: Capture = {
    name: "many",
    kind: "directory",
    channels: [
      { ...channel, label: "channel-00.s2d", index: 0, source: new MemorySource(stream().eof().bytes()) },
      { ...channel, label: "channel-01.s2d", index: 1, source: many },
    ],
    findings: [],
    close(): void {},
  };
  const before = Deno.memoryUsage().heapUsed;
  const result = edited(capture, [
    ["drop", "index=7"],
    ["set", "index=4000,data=0102"],
    ["duplicate", "index=4095"],
    ["corrupt", "channel=multifd 0,bits=3"],
  ]);
  const grown = Deno.memoryUsage().heapUsed - before;
  assert(many.read < 64 * 1024 * 1024, `${many.read} bytes were read`);
  assert(grown < 64 * 1024 * 1024, `the heap grew by ${grown} bytes`);
  const source = result.channels[1]?.source;
  assert(source !== undefined);
  assertEquals(source.size, many.size - BUFFER + 2);
  const at = INITIAL.length + 3999 * PACKET;
  assertEquals(readBytes(source, at + 264 + 8, 4), Uint8Array.of(0, 0, 0, 14));
  assertEquals(readBytes(source, at + HEADER, 2), Uint8Array.of(1, 2));
  assertEquals(readBytes(source, source.size - PACKET + 276, 8), Uint8Array.of(0, 0, 0, 0, 0, 0, 0x0f, 0xff));
});
