import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { createHash } from "node:crypto";
import { BlockPages } from "./block_pages.ts";

const PAGE = 1024;
/** More than two chunks, and no whole number of them. */
const LENGTH = 150 * PAGE;

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

Deno.test("BlockPages keeps what a plain array keeps, whatever is written where and in which order of channels", () => {
  const write = fc.record({
    offset: fc.nat(LENGTH - PAGE),
    byte: fc.nat(2),
    interval: fc.integer({ min: 1, max: 3 }),
    rank: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(fc.property(fc.array(write, { maxLength: 40 }), fc.func(fc.nat()), (writes, shuffle) => {
    const byOrder = (a: typeof writes[number], b: typeof writes[number]): number =>
      a.interval - b.interval || a.rank - b.rank;
    // Aligned pages: an unaligned one is only as late as the pages that it touches.
    const pages = writes.map((each) => ({ ...each, offset: each.offset - each.offset % PAGE }));
    const expected = new Uint8Array(LENGTH);
    for (const { offset, byte } of pages.toSorted(byOrder)) expected.fill(byte, offset, offset + PAGE);

    // Channels come one after the other, each in its own order.
    const ranks = [1, 2, 3].toSorted((a, b) => shuffle(a) - shuffle(b));
    const block = new BlockPages("x", LENGTH, PAGE);
    for (const rank of ranks) {
      for (const { offset, byte, interval } of pages.filter((each) => each.rank === rank).toSorted(byOrder)) {
        block.write(offset, byte === 0 ? undefined : new Uint8Array(PAGE).fill(byte), { interval, rank });
      }
    }
    assertEquals(block.sha256(), sha256(expected));
    assertEquals(block.read(0, LENGTH), expected);
    assertEquals(block.countMissing(), LENGTH / PAGE - new Set(pages.map(({ offset }) => offset)).size);
  }));
});

Deno.test("BlockPages takes a page that is not aligned, across two chunks", () => {
  const block = new BlockPages("x", LENGTH, PAGE);
  const offset = 64 * 1024 - 100;
  block.write(offset, new Uint8Array(PAGE).fill(7), { interval: 1, rank: 1 });
  const expected = new Uint8Array(LENGTH);
  expected.fill(7, offset, offset + PAGE);
  assertEquals(block.read(0, LENGTH), expected);
});

Deno.test("BlockPages reads no further than the block goes", () => {
  const block = new BlockPages("x", 2 * PAGE, PAGE);
  assertEquals(block.read(2 * PAGE - 3, 10), new Uint8Array(3));
  assertEquals(block.read(3 * PAGE, 10), new Uint8Array(0));
  assertEquals([block.holds(PAGE), block.holds(PAGE + 1)], [true, false]);
});

Deno.test("BlockPages tells pages that two channels wrote differently in one interval, unless a later one decides", () => {
  const block = new BlockPages("x", 4 * PAGE, PAGE);
  const one = new Uint8Array(PAGE).fill(1);
  const two = new Uint8Array(PAGE).fill(2);
  for (
    const [offset, content, interval, rank] of [
      [0, one, 1, 1],
      [0, two, 1, 2],
      [PAGE, one, 1, 1],
      [PAGE, one, 1, 2],
      [2 * PAGE, one, 1, 1],
      [2 * PAGE, two, 1, 2],
      [2 * PAGE, one, 2, 1],
      [3 * PAGE, one, 1, 1],
      [3 * PAGE, two, 2, 2],
    ] as const
  ) block.write(offset, content, { interval, rank });
  assertEquals(block.contested(), [0]);
});

Deno.test("BlockPages throws away whole pages, and takes them again", () => {
  const block = new BlockPages("x", 4 * PAGE, PAGE);
  const content = new Uint8Array(PAGE).fill(9);
  for (let page = 0; page < 4; page++) block.write(page * PAGE, content, { interval: 1, rank: 1 });
  block.discard(PAGE, 2 ** 60, 1);
  assertEquals([block.countMissing(), block.has(0), block.has(PAGE)], [3, true, false]);
  block.write(2 * PAGE, content, { interval: 2, rank: 2 });
  assertEquals([0, 1, 2, 3].map((page) => block.read(page * PAGE, 1)[0]), [9, 0, 9, 0]);
});

Deno.test("BlockPages throws away the pages that lie in a range whole, and no other", () => {
  const block = new BlockPages("x", 4 * PAGE, PAGE);
  for (let page = 0; page < 4; page++) {
    block.write(page * PAGE, new Uint8Array(PAGE).fill(7), { interval: 1, rank: 1 });
  }
  block.discard(PAGE - 1, PAGE + 1, 2);
  assertEquals([0, 1, 2, 3].map((page) => block.has(page * PAGE)), [true, false, true, true]);
  assertEquals([...block.read(2 * PAGE - 1, 2)], [0, 7]);
});

Deno.test("BlockPages writes exactly one page where it is not aligned, of zeros too", () => {
  const block = new BlockPages("x", 4 * PAGE, PAGE);
  for (let page = 0; page < 4; page++) {
    block.write(page * PAGE, new Uint8Array(PAGE).fill(7), { interval: 1, rank: 1 });
  }
  block.write(PAGE + 100, undefined, { interval: 2, rank: 1 });
  const expected = new Uint8Array(4 * PAGE).fill(7);
  expected.fill(0, PAGE + 100, 2 * PAGE + 100);
  assertEquals(block.read(0, 4 * PAGE), expected);
});

Deno.test("BlockPages reads from any place on, across chunks", () => {
  const block = new BlockPages("x", LENGTH, PAGE);
  block.write(64 * PAGE, new Uint8Array(PAGE).fill(7), { interval: 1, rank: 1 });
  block.write(128 * PAGE, new Uint8Array(PAGE).fill(8), { interval: 1, rank: 1 });
  const read = block.read(63 * PAGE + 5, 66 * PAGE);
  assertEquals([read.indexOf(7), read.lastIndexOf(7), read.indexOf(8)], [PAGE - 5, 2 * PAGE - 6, 65 * PAGE - 5]);
});

Deno.test("BlockPages keeps pages as large as its pieces, next to each other", () => {
  const block = new BlockPages("x", 4 * 65536, 65536);
  for (let page = 0; page < 4; page++) {
    block.write(page * 65536, new Uint8Array(65536).fill(page + 1), { interval: 1, rank: 1 });
  }
  assertEquals([0, 65535, 65536, 131072, 196608, 262143].map((at) => block.read(at, 1)[0]), [1, 1, 2, 3, 4, 4]);
});

Deno.test("BlockPages tells a page as contested by its offset, until a later interval decides, and not before", () => {
  const block = new BlockPages("x", 4 * PAGE, PAGE);
  const write = (byte: number, interval: number, rank: number): number[] => {
    block.write(2 * PAGE, new Uint8Array(PAGE).fill(byte), { interval, rank });
    return block.contested();
  };
  assertEquals([write(1, 2, 1), write(2, 2, 2)], [[], [2 * PAGE]]);
  assertEquals(write(2, 2, 2), [2 * PAGE], "once more by the same channel");
  assertEquals(write(3, 1, 3), [2 * PAGE], "late, of an earlier interval");
  assertEquals(write(3, 3, 1), []);
});

Deno.test("BlockPages does not take a page for contested that was thrown away in between", () => {
  const block = new BlockPages("x", 2 * PAGE, PAGE);
  block.write(0, new Uint8Array(PAGE).fill(1), { interval: 1, rank: 1 });
  block.discard(0, PAGE, 1);
  block.write(0, new Uint8Array(PAGE).fill(2), { interval: 1, rank: 2 });
  assertEquals(block.contested(), []);
});
