import { concat } from "@std/bytes/concat";
import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { deflateSync, zstdCompressSync } from "node:zlib";
import { CaptureError } from "../capture/mod.ts";
import { MULTIFD_COMPRESSION_FLAGS, RAM_SAVE_FLAG } from "../wire/mod.ts";
import { assembleRam, type RamImage } from "./ram_image.ts";
import { RamLimitError } from "./ram_blocks.ts";
import {
  command,
  mainChannel,
  memoryCapture,
  packet,
  type PacketPage,
  PAGE,
  pageOf,
  ram,
  ramPart,
} from "./streams_for_test.ts";

const BLOCK = { x: 4 * PAGE };

/** First byte of each page of the first block. */
function firstBytes({ blocks: [block] }: RamImage): (number | undefined)[] {
  assert(block !== undefined);
  return Array.from({ length: block.usedLength / PAGE }, (_, page) => block.read(page * PAGE, 1)[0]);
}

function codes({ problems }: RamImage): string[] {
  return problems.map(({ code }) => code);
}

Deno.test("assembleRam() loads pages of every kind of the main channel", async () => {
  const image = await assembleRam(memoryCapture(mainChannel(BLOCK, [
    ramPart(
      ram.page("x", 0, pageOf(1)),
      ram.compressed("x", PAGE, deflateSync(pageOf(2))),
      ram.zero("x", 2 * PAGE, 3),
      ram.page("x", 3 * PAGE, pageOf(4)),
    ),
    ramPart(ram.xbzrle("x", 0, Uint8Array.of(0, 1, 5)), ram.zero("x", 3 * PAGE)),
  ])));
  assertEquals(firstBytes(image), [5, 2, 3, 0]);
  assertEquals(image.blocks[0]?.read(1, 1), Uint8Array.of(1));
  assertEquals(image.problems, []);
});

Deno.test("assembleRam() tells the pages that never came", async () => {
  const blocks = { x: 4 * PAGE, y: PAGE };
  const image = await assembleRam(memoryCapture(mainChannel(blocks, [ramPart(ram.page("x", PAGE, pageOf(1)))])));
  assertEquals(image.blocks.map(({ name, pagesNeverSent, ignored }) => [name, pagesNeverSent, ignored]), [
    ["x", 3, false],
    ["y", 1, false],
  ]);
});

Deno.test("assembleRam() throws away what postcopy discards, and takes it from main and preempt channel", async () => {
  const main = mainChannel(BLOCK, [
    ramPart(...[0, 1, 2, 3].map((page) => ram.page("x", page * PAGE, pageOf(1)))),
    command.discard("x", PAGE, 3 * PAGE),
    command.discard("no such block", 0, PAGE),
    command.listen(),
    ramPart(ram.page("x", PAGE, pageOf(2))),
  ], { before: [command.advise()] });
  const preempt = ram.page("x", 2 * PAGE, pageOf(3));
  const image = await assembleRam(memoryCapture(main, preempt));
  assertEquals(firstBytes(image), [1, 2, 3, 0]);
  assertEquals(image.blocks[0]?.pagesNeverSent, 1);
  assertEquals(image.problems, []);
});

Deno.test("assembleRam() warns of a page that comes on main and preempt channel in postcopy, if the two differ", async () => {
  const main = mainChannel(BLOCK, [
    command.listen(),
    ramPart(ram.page("x", 0, pageOf(1)), ram.page("x", PAGE, pageOf(2))),
  ], { before: [command.advise()] });
  const preempt = (byte: number): Uint8Array =>
    concat([ram.page("x", 0, pageOf(1)), ram.page("x", PAGE, pageOf(byte))]);
  assertEquals(codes(await assembleRam(memoryCapture(main, preempt(2)))), []);
  assertEquals(codes(await assembleRam(memoryCapture(main, preempt(3)))), ["page-contested"]);
});

Deno.test("assembleRam() loads a run of pages that is longer than what it reads at a time", async () => {
  const count = 150;
  const [first, ...others] = Array.from({ length: count }, (_, page) => ram.page("x", page * PAGE, pageOf(page)));
  assert(first !== undefined);
  const main = mainChannel({ x: count * PAGE }, [ramPart(first, ...others.map(continued))]);
  assertEquals(firstBytes(await assembleRam(memoryCapture(main))), Array.from({ length: count }, (_, page) => page));
});

/** A page record without the name of its block, `x`. */
function continued(record: Uint8Array): Uint8Array {
  const bytes = concat([record.subarray(0, 8), record.subarray(10)]);
  bytes[7] = (bytes[7] ?? 0) | RAM_SAVE_FLAG.CONTINUE;
  return bytes;
}

/** A channel with page 1 before the second barrier, and page 0 after it. */
const PAGE_1_THEN_0 = concat([
  packet.init(0),
  packet.sync(),
  packet.ram("x", [{ offset: PAGE, content: pageOf(1) }]),
  packet.sync(),
  packet.ram("x", [{ offset: 0, content: pageOf(2) }]),
  packet.sync(),
]);

Deno.test("assembleRam() orders channels by MULTIFD_FLUSH and SYNC", async () => {
  const image = await assembleRam(memoryCapture(
    mainChannel(BLOCK, [ramPart(ram.zero("x", 0), ram.flush(), ram.zero("x", PAGE)), ramPart(ram.flush())], {
      first: [ram.flush()],
    }),
    PAGE_1_THEN_0,
  ));
  // Page 0 is zero before the second barrier and 2 after it; page 1 the other way round.
  assertEquals(firstBytes(image), [2, 0, 0, 0]);
  assertEquals(image.problems, []);
});

Deno.test("assembleRam() takes the end of each section for a barrier where there is no MULTIFD_FLUSH", async () => {
  const image = await assembleRam(memoryCapture(
    mainChannel(BLOCK, [ramPart(ram.zero("x", 0)), ramPart(ram.zero("x", PAGE))]),
    PAGE_1_THEN_0,
  ));
  assertEquals(firstBytes(image), [2, 0, 0, 0]);
  assertEquals(image.problems, []);
});

Deno.test("assembleRam() warns of a page with two contents between the same barriers", async () => {
  const pages = (byte: number): PacketPage[] => [{ offset: 0, content: pageOf(byte) }];
  const image = await assembleRam(memoryCapture(
    mainChannel(BLOCK, []),
    concat([packet.init(0), packet.sync(), packet.ram("x", pages(1))]),
    concat([packet.init(1), packet.sync(), packet.ram("x", pages(2))]),
  ));
  assertEquals(firstBytes(image)[0], 2);
  assertEquals(image.problems.map(({ severity, code }) => [severity, code]), [["warning", "page-contested"]]);
});

Deno.test("assembleRam() warns of a channel with another number of SYNC packets than there are barriers", async () => {
  const image = await assembleRam(memoryCapture(mainChannel(BLOCK, []), packet.init(0)));
  assertEquals(codes(image), ["sync-count"]);
});

Deno.test("assembleRam() gives the same RAM however the pages of an interval are spread over channels", async () => {
  const PAGES = 12;
  const byte = fc.integer({ min: 0, max: 255 });
  const place = fc.record({ byte, channel: fc.nat(2), order: fc.nat() });
  const interval = fc.array(place, { minLength: PAGES, maxLength: PAGES });
  await fc.assert(
    fc.asyncProperty(fc.array(interval, { minLength: 1, maxLength: 3 }), async (intervals) => {
      const channels = [0, 1, 2].map((channel) =>
        concat([
          packet.init(channel),
          packet.sync(),
          ...intervals.flatMap((pages) => [
            ...pages.map((page, index) => ({ ...page, index }))
              .filter((page) => page.channel === channel)
              .toSorted((a, b) => a.order - b.order)
              .map((page) => {
                const content = page.byte === 0 ? {} : { content: pageOf(page.byte) };
                return packet.ram("x", [{ offset: page.index * PAGE, ...content }]);
              }),
            packet.sync(),
          ]),
        ])
      );
      const main = mainChannel({ x: PAGES * PAGE }, [ramPart(...intervals.map(ram.flush))], { first: [ram.flush()] });
      const image = await assembleRam(memoryCapture(main, ...channels));
      assertEquals(firstBytes(image), intervals.at(-1)?.map((page) => page.byte));
      assertEquals(image.problems, []);
    }),
    { numRuns: 30 },
  );
});

/** The difference from `before` to `after`, byte by byte; nothing where they are the same. */
function encodeXbzrle(before: Uint8Array, after: Uint8Array): Uint8Array {
  const uleb128 = (value: number): number[] => value < 0x80 ? [value] : [value & 0x7f | 0x80, value >> 7];
  const out: number[] = [];
  for (let at = 0; at < after.length;) {
    const unchanged = at;
    while (at < after.length && before[at] === after[at]) at++;
    if (at === after.length) break;
    const changed = at;
    while (at < after.length && before[at] !== after[at]) at++;
    out.push(...uleb128(changed - unchanged), ...uleb128(at - changed), ...after.subarray(changed, at));
  }
  return Uint8Array.from(out);
}

Deno.test("assembleRam() applies XBZRLE differences as they were encoded", async () => {
  const change = fc.record({ at: fc.nat(PAGE - 1), length: fc.integer({ min: 1, max: 300 }), byte: fc.nat(255) });
  const round = fc.array(change, { minLength: 1, maxLength: 8 });
  await fc.assert(fc.asyncProperty(fc.array(round, { maxLength: 5 }), async (rounds) => {
    let page = pageOf(1);
    const records: Uint8Array[] = [ram.page("x", 0, page)];
    for (const changes of rounds) {
      const next = page.slice();
      for (const { at, length, byte } of changes) next.fill(byte, at, at + length);
      const encoded = encodeXbzrle(page, next);
      // A longer difference goes out as a page.
      if (encoded.length > PAGE) records.push(ram.page("x", 0, next));
      else if (encoded.length > 0) records.push(ram.xbzrle("x", 0, encoded));
      page = next;
    }
    const image = await assembleRam(memoryCapture(mainChannel(BLOCK, records.map((record) => ramPart(record)))));
    assertEquals(image.blocks[0]?.read(0, PAGE), page);
    assertEquals(image.problems, []);
  }));
});

Deno.test("assembleRam() leaves out pages that are outside of their block, or of no block, and says so", async () => {
  const content = pageOf(1);
  const image = await assembleRam(memoryCapture(
    mainChannel(BLOCK, [ramPart(ram.page("x", 4 * PAGE, content), ram.zero("x", 2 ** 40))]),
    concat([
      packet.init(0),
      packet.sync(),
      packet.ram("x", [{ offset: 0, content }, { offset: 3 * PAGE + 1, content }, { offset: 2 ** 60 }]),
      packet.ram("y", [{ offset: 0, content }]),
      packet.sync(),
    ]),
  ));
  assertEquals(codes(image), ["page-outside", "page-outside", "page-outside", "page-outside", "unknown-block"]);
  assertEquals(firstBytes(image), [1, 0, 0, 0]);
});

Deno.test("assembleRam() leaves out a difference or a compressed page that is damaged, and says so", async () => {
  const image = await assembleRam(memoryCapture(mainChannel(BLOCK, [
    ramPart(ram.page("x", 0, pageOf(1)), ram.page("x", PAGE, pageOf(2))),
    ramPart(ram.xbzrle("x", 0, Uint8Array.of(0, 9, 5)), ram.xbzrle("x", 2 * PAGE, Uint8Array.of(0, 1, 5))),
    ramPart(
      ram.compressed("x", PAGE, Uint8Array.of(0x78, 1, 2)),
      ram.compressed("x", PAGE, deflateSync(new Uint8Array(2 * PAGE))),
      ram.compressed("x", PAGE, deflateSync(new Uint8Array(8))),
    ),
  ])));
  assertEquals(codes(image), ["xbzrle", "xbzrle-base", "compressed-page", "compressed-page", "compressed-page"]);
  assertEquals(firstBytes(image), [1, 2, 5, 0]);
});

for (const method of ["zlib", "zstd", "qpl", "uadk", "qatzip"] as const) {
  Deno.test(`assembleRam() loads nothing of a ${method} channel from its first damaged packet on`, async () => {
    const pages = [{ offset: 0, content: pageOf(1) }];
    const payload = Uint8Array.of(1, 2, 3, 4, 5, 6, 7);
    const image = await assembleRam(memoryCapture(
      mainChannel(BLOCK, []),
      concat([
        packet.init(0),
        packet.sync(),
        packet.ram("x", [{ offset: PAGE, content: pageOf(2) }]),
        packet.ram("x", pages, { method, payload }),
        packet.ram("x", pages, { method, payload }),
        packet.ram("x", pages),
      ]),
    ));
    assertEquals(image.problems.length, 1);
    assertEquals(image.problems[0]?.channel, "multifd 0");
    assertEquals(firstBytes(image), [0, 2, 0, 0]);
  });
}

Deno.test("assembleRam() refuses more RAM than is allowed before it allocates any", async () => {
  const capture = memoryCapture(mainChannel({ x: 2 ** 32, y: PAGE }, []));
  const error = await assertRejects(() => assembleRam(capture), RamLimitError);
  assertEquals([error.needed, error.limit], [2 ** 32 + PAGE, 2 ** 32]);
  await assertRejects(() => assembleRam(capture, { limit: 2 ** 20 }), RamLimitError, "allowed are 1048576");
});

Deno.test("assembleRam() refuses contents of a pipe that was not kept", async () => {
  const capture = memoryCapture(mainChannel(BLOCK, [ramPart(ram.page("x", 0, pageOf(1)))]));
  const channels = capture.channels.map(({ source, ...channel }) => {
    let position = 0;
    const head = new Uint8Array(24);
    source?.readAt(0, head);
    const read = (into: Uint8Array): number => {
      const count = source?.readAt(position, into) ?? 0;
      position += count;
      return count;
    };
    return { ...channel, pipe: { head, read } };
  });
  const error = await assertRejects(() => assembleRam({ ...capture, channels }), CaptureError);
  assertEquals(error.code, "too-large");
});

Deno.test("assembleRam() takes the first of two migrations in a capture", async () => {
  const main = (byte: number): Uint8Array => mainChannel(BLOCK, [ramPart(ram.page("x", 0, pageOf(byte)))]);
  const image = await assembleRam(memoryCapture(main(1), main(2)));
  assertEquals(firstBytes(image), [1, 0, 0, 0]);
  assertEquals(codes(image), ["second-main"]);
});

Deno.test("assembleRam() gives an image of any bytes", async () => {
  const valid = [
    mainChannel(BLOCK, [
      ramPart(ram.page("x", 0, pageOf(1)), ram.xbzrle("x", 0, Uint8Array.of(0, 1, 5)), ram.zero("x", PAGE)),
      command.discard("x", 0, PAGE),
      ramPart(ram.compressed("x", PAGE, deflateSync(pageOf(2)))),
    ]),
    concat([packet.init(0), packet.ram("x", [{ offset: 0, content: pageOf(1) }, { offset: PAGE }]), packet.sync()]),
  ];
  const change = fc.record({ channel: fc.nat(1), at: fc.double({ min: 0, max: 1, noNaN: true }), byte: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
      const channels = valid.map((bytes) => bytes.slice());
      for (const { channel, at, byte } of changes) {
        const bytes = channels[channel];
        // Most of a stream are pages, which may hold anything: the changes go where it matters.
        if (bytes !== undefined) bytes[Math.floor(at * Math.min(500, bytes.length))] = byte;
      }
      try {
        await assembleRam(memoryCapture(...channels), { limit: 2 ** 24 });
      } catch (error) {
        assert(error instanceof RamLimitError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("assembleRam() loads nothing of a multifd channel behind a packet of two compression methods", async () => {
  const both = packet.ram("x", [{ offset: 0, content: pageOf(5) }]);
  both[11] = (both[11] ?? 0) | MULTIFD_COMPRESSION_FLAGS.zlib | MULTIFD_COMPRESSION_FLAGS.zstd;
  const later = packet.ram("x", [{ offset: PAGE, content: pageOf(6) }]);
  const channel = concat([packet.init(0), both, later]);
  const image = await assembleRam(memoryCapture(mainChannel(BLOCK, []), channel));
  assertEquals(codes(image).includes("compression"), true);
  assertEquals(firstBytes(image).includes(6), false);
});

Deno.test("assembleRam() loads runs of as many pages as it reads at a time, and one less and more", async () => {
  for (const count of [63, 64, 65, 128]) {
    const [first, ...others] = Array.from({ length: count }, (_, page) => ram.page("x", page * PAGE, pageOf(page)));
    assert(first !== undefined);
    const main = mainChannel({ x: count * PAGE }, [ramPart(first, ...others.map(continued))]);
    assertEquals(firstBytes(await assembleRam(memoryCapture(main))), Array.from({ length: count }, (_, page) => page));
  }
});

Deno.test("assembleRam() reads a long run of pages in pieces of about 256 KiB", async () => {
  const count = 200;
  const [first, ...others] = Array.from({ length: count }, (_, page) => ram.page("x", page * PAGE, pageOf(page)));
  assert(first !== undefined);
  const main = mainChannel({ x: count * PAGE }, [ramPart(first, ...others.map(continued))]);
  const capture = memoryCapture(main);
  const reads: number[] = [];
  for (const { source } of capture.channels) {
    if (source === undefined) continue;
    const readAt = source.readAt.bind(source);
    source.readAt = (offset, into): number => (reads.push(into.length), readAt(offset, into));
  }
  await assembleRam(capture);
  assertEquals(reads.filter((length) => length === 64 * (PAGE + 8) - 8).length, 3);
});

Deno.test("assembleRam() loads a run of pages that are filled with one byte", async () => {
  const filled = [0, 1, 2].map((page) => ram.zero("x", page * PAGE, 3));
  const [first = new Uint8Array(0), ...others] = filled;
  const image = await assembleRam(memoryCapture(mainChannel(BLOCK, [ramPart(first, ...others.map(continued))])));
  assertEquals(firstBytes(image), [3, 3, 3, 0]);
});

Deno.test("assembleRam() keeps the order of a channel, also behind a packet under zstd", async () => {
  const payload = zstdCompressSync(pageOf(5));
  const pages = (byte: number): PacketPage[] => [{ offset: 0, content: pageOf(byte) }];
  const zstd = packet.ram("x", pages(5), { method: "zstd", payload });
  const channel = concat([packet.init(0), zstd, packet.ram("x", pages(6))]);
  assertEquals(firstBytes(await assembleRam(memoryCapture(mainChannel(BLOCK, []), channel)))[0], 6);
});

Deno.test("assembleRam() says on which multifd channel a packet was damaged", async () => {
  const payload = Uint8Array.of(1, 2, 3, 4);
  const damaged = packet.ram("x", [{ offset: 0, content: pageOf(1) }], { method: "zlib", payload });
  const channels = [0, 1].map((id) => concat([packet.init(id), ...(id === 1 ? [damaged] : [])]));
  const { problems } = await assembleRam(memoryCapture(mainChannel(BLOCK, []), ...channels));
  assertEquals(
    problems.find(({ code }) => code === "codec-data")?.qemu,
    "multifd 1: inflate returned -3 instead of Z_OK",
  );
});
