import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  constants,
  createDeflate,
  createZstdCompress,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from "node:zlib";
import { concat } from "@std/bytes";
import { vectorBytes } from "../../../testing/vectors.ts";
import { WireError } from "../finding.ts";
import type { PagePacket } from "../multifd/codec_rules.ts";
import type { MultifdCompression } from "../multifd/constants.ts";
import { multifdRamHeader } from "../multifd/ram_packet.ts";
import { createPageCodec } from "./create_page_codec.ts";

const PAGE = 4096;
const HEADER = 1344;

/** The packet at `at` in a vector: its header and what is there of its payload. */
function packetOf(id: string, at = 0): { packet: PagePacket; payload: Uint8Array } {
  const bytes = vectorBytes(id).subarray(at);
  const packet = multifdRamHeader(PAGE).decode(bytes);
  return { packet, payload: bytes.slice(HEADER, HEADER + packet.nextPacketSize) };
}

/** A header for `payload`. */
function header(normalPages: number, payload: Uint8Array): PagePacket {
  return { normalPages, zeroPages: 0, nextPacketSize: payload.length };
}

function page(fill: number): Uint8Array {
  return new Uint8Array(PAGE).fill(fill);
}

/** Pages that compress, and refer to each other. */
function mixedPages(count: number, seed: number): Uint8Array {
  const pages = new Uint8Array(count * PAGE);
  let state = seed;
  for (let i = 0; i < pages.length; i++) {
    state = (state * 1103515245 + 12345) & 0x7fffffff;
    pages[i] = (i & 64) !== 0 && i >= 3000 ? pages[i - 3000] ?? 0 : state >> 16;
  }
  return pages;
}

/** What a stream object makes of each part, flushed after each as QEMU does. */
async function flushed(
  stream: ReturnType<typeof createDeflate> | ReturnType<typeof createZstdCompress>,
  parts: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const packets: Uint8Array[] = [];
  let chunks: Uint8Array[] = [];
  stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
  for (const part of parts) {
    await new Promise((resolve) => stream.write(part, resolve));
    await new Promise<void>((resolve) => stream.flush(resolve));
    packets.push(concat(chunks));
    chunks = [];
  }
  stream.destroy();
  return packets;
}

function refused(method: Exclude<MultifdCompression, "zstd">, packet: PagePacket, payload: Uint8Array): string[] {
  const codec = createPageCodec(method, PAGE, { channelId: 0 });
  const error = assertThrows(() => codec.inflate(packet, payload), WireError);
  return [error.code, error.finding.qemu ?? ""];
}

Deno.test("createPageCodec() inflates V32 in order, and its second packet not alone", () => {
  const first = packetOf("V32");
  const second = packetOf("V32", HEADER + 4108);
  const codec = createPageCodec("zlib", PAGE);
  assertEquals(codec.inflate(first.packet, first.payload), page(0xaa));
  assertEquals(codec.inflate(second.packet, second.payload), page(0xbb));
  assertEquals(refused("zlib", second.packet, second.payload), [
    "codec-data",
    "multifd 0: inflate returned -3 instead of Z_OK",
  ]);
});

Deno.test("createPageCodec() inflates V33, V37 and V40", () => {
  for (
    const [id, method, pages] of [["V33", "zlib", [0xaa]], ["V37", "qpl", [0xaa, 0xbb]], ["V40", "uadk", [
      0xaa,
    ]]] as const
  ) {
    const { packet, payload } = packetOf(id);
    assertEquals(createPageCodec(method, PAGE).inflate(packet, payload), concat(pages.map(page)), id);
  }
});

Deno.test("createPageCodec() refuses V34, V35, V36, V38 and V39 in QEMU's words", () => {
  const words = (id: string, method: "zlib" | "qpl"): string[] => {
    const { packet, payload } = packetOf(id);
    return refused(method, packet, payload);
  };
  assertEquals(words("V34", "zlib"), ["codec-empty", "multifd 0: expected empty packet"]);
  assertEquals(words("V35", "zlib"), ["codec-size", "multifd 0: next_packet_size 1048577 exceeds allocated 1048576"]);
  assertEquals(words("V36", "zlib"), ["codec-short", "multifd 0: inflate generated too few output"]);
  assertEquals(words("V38", "qpl"), ["codec-length", "multifd 0: packet size 41 != header 4 + data 36"]);
  assertEquals(words("V39", "qpl"), ["codec-length", "multifd 0: page 0 compressed len 4097 too large"]);
});

Deno.test("createPageCodec() follows zlib's references into earlier packets, near and far", async () => {
  const all = mixedPages(128, 7);
  for (const counts of [[1, 1, 2, 3, 9, 1], [128, 128], [7, 1, 1, 128, 2]]) {
    const parts = counts.map((count) => all.subarray(0, count * PAGE));
    const codec = createPageCodec("zlib", PAGE);
    for (const [index, payload] of (await flushed(createDeflate({ level: 6 }), parts)).entries()) {
      const pages = codec.inflate(header(counts[index] ?? 0, payload), payload);
      assertEquals(pages, parts[index]);
    }
  }
});

Deno.test("createPageCodec() does not touch zlib's state for packets without content", () => {
  const codec = createPageCodec("zlib", PAGE);
  const first = packetOf("V32");
  const second = packetOf("V32", HEADER + 4108);
  codec.inflate(first.packet, first.payload);
  assertEquals(codec.inflate({ normalPages: 0, zeroPages: 3, nextPacketSize: 0 }, new Uint8Array(0)).length, 0);
  // A left-over packet of QEMU 7.2: the length is stale, the codec is not asked at all.
  assertEquals(codec.inflate({ normalPages: 0, zeroPages: 0, nextPacketSize: 99 }, new Uint8Array(0)).length, 0);
  assertEquals(codec.inflate(second.packet, second.payload), page(0xbb));
});

Deno.test("createPageCodec() refuses a zlib channel after a packet that was refused", () => {
  const { packet, payload } = packetOf("V32");
  const codec = createPageCodec("zlib", PAGE);
  assertThrows(() => codec.inflate({ ...packet, nextPacketSize: 4107 }, payload), WireError, "payload has 4108 bytes");
  const error = assertThrows(() => codec.inflate(packet, payload), WireError);
  assertEquals(error.code, "codec-data");
});

Deno.test("createPageCodec() refuses a zlib stream that ends, has a dictionary, or is no zlib stream", () => {
  const ended = deflateSync(page(1));
  assertEquals(refused("zlib", header(1, ended), ended), [
    "codec-data",
    "multifd 0: inflate returned 1 instead of Z_OK",
  ]);
  const withDictionary = Uint8Array.of(0x78, 0xbb, 0, 0, 0, 1);
  assertEquals(refused("zlib", header(1, withDictionary), withDictionary)[1]?.slice(-26), "returned 2 instead of Z_OK");
  const none = Uint8Array.of(0x79, 0x01, 3, 0);
  assertEquals(refused("zlib", header(1, none), none)[0], "codec-data");
  const cut = Uint8Array.of(0x78);
  assertEquals(refused("zlib", header(1, cut), cut)[0], "codec-short");
});

Deno.test("createPageCodec() takes a zlib header of deflate with a window of up to 32 KiB, whose check is right", () => {
  const body = deflateRawSync(page(1), { finishFlush: constants.Z_SYNC_FLUSH });
  const begin = (method: number, flags: number): string => {
    const payload = concat([Uint8Array.of(method, flags), body]);
    try {
      assertEquals(createPageCodec("zlib", PAGE).inflate(header(1, payload), payload), page(1));
      return "taken";
    } catch (error) {
      assert(error instanceof WireError);
      return `${error.finding.message}; ${error.finding.qemu}`;
    }
  };
  const refusal = "zlib packet: does not begin with a zlib header; multifd 0: inflate returned -3 instead of Z_OK";
  assertEquals([begin(0x78, 0x01), begin(0x08, 0x1d)], ["taken", "taken"]);
  assertEquals(begin(0x78, 0x02), refusal, "a wrong check");
  assertEquals(begin(0x79, 0x18), refusal, "method 9");
  assertEquals(begin(0x88, 0x1c), refusal, "a window of 64 KiB");
});

Deno.test("createPageCodec() tells of a zlib packet how much came out of it, of one that is damaged where", async () => {
  const packets = await flushed(createDeflate(), [page(1), page(2)]);
  const codec = createPageCodec("zlib", PAGE, { channelId: 2 });
  const refusal = (normalPages: number, payload: Uint8Array): unknown[] => {
    const { code, message, qemu } =
      assertThrows(() => codec.inflate(header(normalPages, payload), payload), WireError).finding;
    return [code, message, qemu];
  };
  const [first = new Uint8Array(0), second = new Uint8Array(0)] = packets;
  codec.inflate(header(1, first), first);
  assertEquals(refusal(2, second), [
    "codec-short",
    "zlib packet: decompresses to only 4096 bytes",
    "multifd 2: inflate generated too few output",
  ]);
  const damaged = Uint8Array.of(0x78, 0x01, 0x07);
  assertEquals(refused("zlib", header(1, damaged), damaged), [
    "codec-data",
    "multifd 0: inflate returned -3 instead of Z_OK",
  ]);
});

Deno.test("createPageCodec() says what QEMU makes of a payload that is too long, too short, or of too many pages", async () => {
  const [zlib = new Uint8Array(0)] = await flushed(createDeflate(), [concat([page(1), page(2)])]);
  const [zstd = new Uint8Array(0)] = await flushed(createZstdCompress(), [concat([page(1), page(2)])]);
  assertEquals(refused("zlib", header(1, zlib), zlib), [
    "codec-output",
    "undefined: the rest is dropped, and what the next packet inflates to is not what was deflated",
  ]);
  assertEquals(await refusedZstd(header(1, zstd), zstd), [
    "codec-output",
    "undefined: the rest is dropped, and the next packet is then taken for damaged",
  ]);
  assertEquals(refused("none", header(3, page(1)), page(1)), [
    "truncated",
    "Unexpected end-of-file before all data were read",
  ]);
  const { finding } = assertThrows(
    () => createPageCodec("none", PAGE).inflate(header(129, page(1)), page(1)),
    WireError,
  );
  assertEquals([finding.code, "qemu" in finding, finding.offset], ["normal", false, 0]);
});

Deno.test("createPageCodec() gives nothing of a left-over packet of QEMU 7.2, which has no pages and a stale length", async () => {
  const leftOver: PagePacket = { normalPages: 0, zeroPages: 0, nextPacketSize: 99 };
  for (const method of ["none", "zlib", "zstd", "qpl", "uadk", "qatzip"] as const) {
    const codec = createPageCodec(method, PAGE);
    assertEquals((await codec.inflate(leftOver, Uint8Array.of(1, 2, 3))).length, 0, method);
    codec.close();
  }
});

Deno.test("createPageCodec() says which page of uadk is damaged, is too much, or makes the lengths wrong", () => {
  const message = (...bodies: Uint8Array[]): string => {
    const words = bodies.map(({ length }) => Uint8Array.of(0, 0, length >> 8, length & 0xff));
    const payload = concat([...words, ...bodies]);
    const codec = createPageCodec("uadk", PAGE);
    return assertThrows(() => codec.inflate(header(bodies.length, payload), payload), WireError).finding.message;
  };
  const good = deflateSync(page(1));
  const large = deflateSync(new Uint8Array(PAGE + 1));
  assertEquals(message(good, Uint8Array.of(7, 7, 7)), "uadk packet: page 1 is damaged: incorrect header check");
  assertEquals(message(good, large), "uadk packet: page 1 decompresses to more than a page");
  const payload = concat([Uint8Array.of(0, 0, 0, 5), good]);
  const codec = createPageCodec("uadk", PAGE);
  const error = assertThrows(() => codec.inflate(header(1, payload), payload), WireError);
  assertEquals(
    error.finding.message,
    `uadk packet: nextPacketSize is ${payload.length}, length words and pages take 9`,
  );
});

Deno.test("createPageCodec() stops at the size of the pages, however much a payload inflates to", () => {
  const bomb = new Uint8Array(1 << 26);
  const zlib = deflateSync(bomb, { finishFlush: constants.Z_SYNC_FLUSH });
  assertEquals(refused("zlib", header(1, zlib), zlib)[0], "codec-output");
  const gzip = gzipSync(bomb);
  assertEquals(refused("qatzip", header(1, gzip), gzip), ["codec-data", "multifd 0: qzDecompress failed"]);
  for (
    const [method, body] of [["qpl", deflateRawSync(bomb.subarray(0, 1 << 20))], [
      "uadk",
      deflateSync(bomb.subarray(0, 1 << 20)),
    ]] as const
  ) {
    const word = new Uint8Array(4);
    new DataView(word.buffer).setUint32(0, body.length);
    const payload = concat([word, body]);
    assertEquals(refused(method, header(1, payload), payload)[0], "codec-output");
  }
});

Deno.test("createPageCodec() takes qatzip's packets of one or several gzip members", () => {
  const codec = createPageCodec("qatzip", PAGE);
  const pages = mixedPages(4, 3);
  const one = gzipSync(pages);
  assertEquals(codec.inflate(header(4, one), one), pages);
  const several = concat([gzipSync(pages.subarray(0, 5000)), gzipSync(pages.subarray(5000))]);
  assertEquals(codec.inflate(header(4, several), several), pages);
  const short = gzipSync(pages.subarray(0, 100));
  assertEquals(refused("qatzip", header(4, short), short), [
    "codec-output",
    "multifd 0: packet size received 100 size expected 16384",
  ]);
  const large: PagePacket = { normalPages: 1, zeroPages: 0, nextPacketSize: 1048577 };
  assertEquals(refused("qatzip", large, short), ["codec-size", "multifd 0: received unexpectedly large packet"]);
});

Deno.test("createPageCodec() refuses damaged pages of qpl and uadk", () => {
  const words = (method: "qpl" | "uadk", body: Uint8Array): string[] => {
    const payload = concat([Uint8Array.of(0, 0, 0, body.length), body]);
    return refused(method, header(1, payload), payload);
  };
  assertEquals(words("qpl", Uint8Array.of(7, 7, 7)), ["codec-data", "qpl job failed with error %d"]);
  assertEquals(words("qpl", deflateRawSync(new Uint8Array(10))), [
    "codec-short",
    "qpl decompressed len 10, expected len 4096",
  ]);
  assertEquals(words("uadk", Uint8Array.of(7, 7, 7))[1], "multifd 0: failed decompression, ret %d status %d");
  assertEquals(words("uadk", deflateSync(new Uint8Array(10)))[1], "multifd 0: decompressed length error");
  assertEquals(refused("uadk", { normalPages: 2, zeroPages: 0, nextPacketSize: 8 }, new Uint8Array(8)), [
    "codec-length",
    "multifd 0: header len 8 >= packet size 8",
  ]);
  assertEquals(refused("qpl", { normalPages: 2, zeroPages: 0, nextPacketSize: 99 }, new Uint8Array(7))[0], "truncated");
});

Deno.test("createPageCodec() hands uncompressed pages through, and only whole ones", () => {
  const codec = createPageCodec("none", PAGE);
  const pages = mixedPages(2, 1);
  // The length in the header is wrong, and QEMU does not look at it.
  assertEquals(codec.inflate({ normalPages: 2, zeroPages: 0, nextPacketSize: 4 }, pages), pages);
  assertEquals(refused("none", header(3, pages), pages)[0], "truncated");
});

Deno.test("createPageCodec() allocates nothing for more pages than a packet can have", () => {
  const many: PagePacket = { normalPages: 0xffffffff, zeroPages: 0, nextPacketSize: 10, offset: 0x40 };
  const codec = createPageCodec("zlib", PAGE, { channel: "multifd 3" });
  const error = assertThrows(() => codec.inflate(many, new Uint8Array(10)), WireError);
  assertEquals([error.code, error.channel, error.offset], ["normal", "multifd 3", 0x40]);
});

Deno.test("createPageCodec() inflates zstd packets in order, also when they are handed over all at once", async () => {
  const all = mixedPages(128, 11);
  const counts = [1, 2, 128, 1, 7];
  const parts = counts.map((count) => all.subarray(0, count * PAGE));
  const packets = await flushed(createZstdCompress(), parts);
  const codec = createPageCodec("zstd", PAGE);
  const pages = await Promise.all(packets.map((payload, i) => codec.inflate(header(counts[i] ?? 0, payload), payload)));
  assertEquals(pages, parts);
  assertEquals((await codec.inflate({ normalPages: 0, zeroPages: 1, nextPacketSize: 0 }, new Uint8Array(0))).length, 0);
  codec.close();
});

Deno.test("createPageCodec() gives zstd nothing of a packet without pages, whatever its payload", async () => {
  const [payload = new Uint8Array(0)] = await flushed(createZstdCompress(), [page(5)]);
  const codec = createPageCodec("zstd", PAGE);
  const stale = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
  assertEquals((await codec.inflate(header(0, stale), stale)).length, 0);
  assertEquals(await codec.inflate(header(1, payload), payload), page(5));
  codec.close();
});

async function refusedZstd(packet: PagePacket, payload: Uint8Array): Promise<string[]> {
  const codec = createPageCodec("zstd", PAGE);
  const error = await assertRejects(async () => await codec.inflate(packet, payload), WireError);
  const after = await assertRejects(async () => await codec.inflate(packet, payload), WireError);
  assertEquals(after.code, "codec-data");
  codec.close();
  return [error.code, error.finding.qemu ?? ""];
}

Deno.test("createPageCodec() refuses bad zstd packets, and all that come after", async () => {
  const [onePage = new Uint8Array(0)] = await flushed(createZstdCompress(), [page(1)]);
  assertEquals(await refusedZstd(header(2, onePage), onePage), [
    "codec-short",
    "multifd 0: decompressStream buffer too small",
  ]);
  const garbage = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const [code, qemu = ""] = await refusedZstd(header(1, garbage), garbage);
  assertEquals([code, qemu], ["codec-data", "multifd 0: decompressStream returned Unknown frame descriptor"]);
  const [bomb = new Uint8Array(0)] = await flushed(createZstdCompress(), [new Uint8Array(1 << 26)]);
  assertEquals((await refusedZstd(header(1, bomb), bomb))[0], "codec-output");
  assertEquals(await refusedZstd({ normalPages: 0, zeroPages: 1, nextPacketSize: 5 }, garbage), [
    "codec-empty",
    "multifd 0: expected empty packet",
  ]);
  assertEquals((await refusedZstd({ normalPages: 1, zeroPages: 0, nextPacketSize: 9 }, garbage))[0], "truncated");
});

Deno.test("createPageCodec() refuses a zstd packet after the codec was closed, however long after", async () => {
  const codec = createPageCodec("zstd", PAGE);
  const payload = new Uint8Array(1);
  const message = async (): Promise<string> =>
    (await assertRejects(async () => await codec.inflate(header(1, payload), payload), WireError)).finding.message;
  codec.close();
  assertEquals(await message(), "zstd packet: cannot be read: the codec was closed");
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(await message(), "zstd packet: cannot be read: the codec was closed");
});

Deno.test("createPageCodec() refuses zstd packets behind one in which the frame ends before the payload does", async () => {
  const ended = concat([zstdCompressSync(page(3)), Uint8Array.of(1, 2, 3)]);
  const codec = createPageCodec("zstd", PAGE);
  assertEquals(await codec.inflate(header(1, ended), ended), page(3));
  const error = await assertRejects(async () => await codec.inflate(header(1, ended), ended), WireError);
  assertEquals(error.finding.message, "zstd packet: cannot be read: the zstd frame has ended");
  codec.close();
});

Deno.test("createPageCodec() gives pages of the right size or a WireError for any bytes", async () => {
  const methods = fc.constantFrom<MultifdCompression>("none", "zlib", "zstd", "qpl", "uadk", "qatzip");
  const starts = fc.constantFrom("", "7801", "28b52ffd", "1f8b0800000000000003", "00000003");
  await fc.assert(
    fc.asyncProperty(
      methods,
      starts,
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 0, max: 3 }),
      async (method, start, rest, normalPages) => {
        const payload = concat([Uint8Array.fromHex(start), rest]);
        const codec = createPageCodec(method, PAGE);
        try {
          const pages = await codec.inflate(header(normalPages, payload), payload);
          assertEquals(pages.length, normalPages * PAGE);
        } catch (error) {
          assert(error instanceof WireError);
        } finally {
          codec.close();
        }
      },
    ),
    { numRuns: 500 },
  );
});
