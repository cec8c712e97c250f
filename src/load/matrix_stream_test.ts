import { assertEquals } from "@std/assert";
import type { BenchOptions } from "../../testing/destination_bench.ts";
import { configPacket, loadBytes, packet, SECTION, startedStream, wholeStream } from "../../testing/load_bytes.ts";
import { blockList, FLUSH, page, RAM_EOS, stream, word, zeroPage } from "../../testing/main_stream.ts";
import { DEVICE, VFIO_TAG, vfioData } from "../../testing/memory_capture.ts";

const mainMode: BenchOptions = { devices: { [DEVICE]: { multifdTransfer: false } } };

/** A main stream up to where the device was set up. */
const setUp = () => stream().start(SECTION, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end]);

Deno.test("row 62: a main stream that is cut inside of a section is an error", async () => {
  const bytes = wholeStream();
  const { verdict } = await loadBytes(bytes.subarray(0, bytes.length - 5), [[packet(0, [7])]]);
  assertEquals([verdict.kind, verdict.code], ["error", "truncated-main"]);
});

Deno.test("row 68: a section that nothing has announced is an error, in the words of the version", async () => {
  const bytes = setUp().part(99, VFIO_TAG.end).eof().bytes();
  const text = async (qemu: string): Promise<unknown> => {
    const { verdict } = await loadBytes(bytes, [], { ...mainMode, qemu });
    return [verdict.kind, verdict.code, verdict.qemu];
  };
  assertEquals(await text("10.0.13"), ["error", "unknown-section", "Unknown savevm section 99"]);
  assertEquals(await text("10.2.2"), ["error", "unknown-section", "Unknown section 99"]);
});

Deno.test("row 77: DATA that are longer than the stream are an error without VFIO's text", async () => {
  const bytes = setUp().raw(3, word(BigInt(SECTION)).subarray(4), VFIO_TAG.data, word(100), new Uint8Array(10)).bytes();
  const { verdict, devices } = await loadBytes(bytes, [], mainMode);
  assertEquals(
    [verdict.kind, verdict.code, verdict.qemu],
    ["error", "truncated-main", "load of migration failed: Input/output error"],
  );
  assertEquals(devices[0]?.bytes, 0);
});

Deno.test("row 78: a stream that ends where a tag is to come reads as tag 0", async () => {
  const bytes = setUp().raw(3, word(BigInt(SECTION)).subarray(4)).bytes();
  const { verdict } = await loadBytes(bytes, [], mainMode);
  assertEquals([verdict.kind, verdict.code, verdict.qemu], ["error", "unknown-tag", "NAME: Unknown tag 0x0"]);
});

Deno.test("an unknown VFIO tag is refused with the device's name", async () => {
  const bytes = setUp().end(SECTION, word(0xffffffffef100007n)).bytes();
  const { verdict } = await loadBytes(bytes, [], mainMode);
  assertEquals([verdict.code, verdict.qemu], ["unknown-tag", "NAME: Unknown tag 0xffffffffef100007"]);
});

Deno.test("row 89: pages on the main channel are fine although multifd is on", async () => {
  const bytes = stream()
    .start(2, "ram", 4, [blockList({ "pc.ram": 0x10000 }), RAM_EOS])
    .start(SECTION, DEVICE, 1, [VFIO_TAG.setup, VFIO_TAG.end])
    .part(2, [zeroPage(0, "pc.ram"), page(0x1000), RAM_EOS])
    .command(11)
    .end(2, RAM_EOS)
    .end(SECTION, VFIO_TAG.end)
    .full(SECTION, DEVICE, 1, VFIO_TAG.end)
    .eof().bytes();
  const { verdict } = await loadBytes(bytes, [[packet(0, [7]), configPacket(1)]]);
  assertEquals(verdict.kind, "ok");
});

Deno.test("row 74: MULTIFD_FLUSH in a stream without multifd channels is ignored", async () => {
  const bytes = stream()
    .start(2, "ram", 4, [blockList({ "pc.ram": 0x10000 }), FLUSH, RAM_EOS])
    .end(2, [FLUSH, RAM_EOS]).eof().bytes();
  assertEquals((await loadBytes(bytes, [], mainMode)).verdict.kind, "ok");
});

Deno.test("row 16: a source in main mode loads its data, then fails a destination that waits for multifd", async () => {
  const bytes = startedStream().end(SECTION, [vfioData(10), VFIO_TAG.end])
    .full(SECTION, DEVICE, 1, [word(0xffffffffef100002n), word(2n).subarray(4), new Uint8Array(272), VFIO_TAG.end])
    .eof().bytes();
  const { verdict, devices } = await loadBytes(bytes, [[]]);
  assertEquals([verdict.code, devices[0]?.bytes, devices[0]?.configSha256], ["mode-mismatch", 10, null]);
  assertEquals((await loadBytes(bytes, [[]], mainMode)).verdict.kind, "ok");
});
