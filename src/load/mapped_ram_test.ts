import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { identifyChannels } from "../capture/mod.ts";
import type { RamMappedDataRecord } from "../stream/mod.ts";
import { type BitmapOrder, MappedRam } from "./mapped_ram.ts";
import { Problems } from "./problems.ts";
import { RamBlocks } from "./ram_blocks.ts";
import { memoryCapture, PAGE } from "./streams_for_test.ts";

/** Loads a file with one block: its bitmap, then its pages. */
function load(bitmap: Uint8Array, pages: Uint8Array, count: number, options: {
  order?: BitmapOrder;
  ignoresShared?: boolean;
  /** The file ends behind the bitmap. */
  withoutPages?: boolean;
} = {}): { bytes: number[]; missing: number; problems: string[]; messages: string[] } {
  const file = new Uint8Array(bitmap.length + pages.length);
  file.set(bitmap);
  file.set(pages, bitmap.length);
  const [channel] = identifyChannels(memoryCapture(file));
  assert(channel !== undefined);
  const problems = new Problems();
  const blocks = new RamBlocks(2 ** 30, problems);
  const mapped = new MappedRam(blocks, problems);
  const usedLength = count * PAGE;
  const entry = {
    kind: "ram-mapped-block",
    offset: 0,
    length: 0,
    block: "x",
    usedLength,
    mapped: { version: 1, pageSize: PAGE, bitmapOffset: 0, pagesOffset: bitmap.length },
  } as const;
  blocks.declare(entry, channel, 0);
  mapped.enter(entry);
  const origin = { channel, offset: 0, order: { interval: 1, rank: 1 } };
  const data = (kind: RamMappedDataRecord["kind"], offset: number, length: number): void =>
    mapped.add({ kind, block: "x", offset, length, payload: { offset, length } }, origin);
  data("ram-mapped-bitmap", 0, bitmap.length);
  if (!options.withoutPages) data("ram-mapped-pages", bitmap.length, usedLength);
  mapped.finish(options.order, options.ignoresShared ?? false);
  const [block] = blocks.all();
  assert(block !== undefined);
  return {
    bytes: Array.from({ length: count }, (_, page) => block.read(page * PAGE, 1)[0] ?? -1),
    missing: block.countMissing(),
    problems: problems.list.map(({ code }) => code),
    messages: problems.list.map(({ message }) => message),
  };
}

/** `count` pages, filled with 1, 2, 3 and so on. */
function filledPages(count: number): Uint8Array {
  return Uint8Array.from({ length: count * PAGE }, (_, i) => 1 + Math.floor(i / PAGE));
}

/** A bitmap as the host writes it: 64-bit words of its byte order. */
function bitmapOf(bits: readonly boolean[], order: BitmapOrder): Uint8Array {
  const words = new BigUint64Array(Math.ceil(bits.length / 64));
  for (const [i, bit] of bits.entries()) {
    if (bit) words[i >> 6] = (words[i >> 6] ?? 0n) | 1n << BigInt(i & 63);
  }
  const bytes = new Uint8Array(8 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => view.setBigUint64(8 * i, word, order === "little"));
  return bytes;
}

Deno.test("MappedRam obeys the bitmap: a clear page is zero, whatever stands in the file", () => {
  fc.assert(fc.property(
    fc.array(fc.boolean(), { minLength: 1, maxLength: 130 }),
    fc.constantFrom<BitmapOrder>("little", "big"),
    (bits, order) => {
      const { bytes, missing, problems } = load(bitmapOf(bits, order), filledPages(bits.length), bits.length, {
        order,
      });
      assertEquals(bytes, bits.map((bit, page) => bit ? page + 1 : 0));
      assertEquals([missing, problems], [0, []]);
    },
  ));
});

Deno.test("MappedRam finds out the byte order of the bitmap by the bits that no page can have", () => {
  for (const order of ["little", "big"] as const) {
    for (const count of [1, 3, 63, 65, 100]) {
      const bits = Array.from({ length: count }, () => true);
      const { bytes } = load(bitmapOf(bits, order), filledPages(count), count);
      assertEquals(bytes, bits.map((_, page) => page + 1));
    }
  }
});

Deno.test("MappedRam tells that the file ends before a page that its bitmap names", () => {
  const { bytes, missing, problems } = load(bitmapOf([true, true, false], "little"), filledPages(1), 3);
  assertEquals([bytes, missing, problems], [[1, 0, 0], 1, ["page-missing"]]);
});

Deno.test("MappedRam takes a block without any page for shared memory only where there can be some", () => {
  const bitmap = bitmapOf([false, false], "little");
  assertEquals(load(bitmap, filledPages(2), 2).missing, 0);
  assertEquals(load(bitmap, filledPages(2), 2, { ignoresShared: true }).missing, 2);
});

Deno.test("MappedRam loads no page of a block whose pages do not follow its bitmap", () => {
  const { missing, problems } = load(bitmapOf([true, true], "little"), new Uint8Array(0), 2, { withoutPages: true });
  assertEquals([missing, problems], [2, []]);
});

Deno.test("MappedRam counts the pages that the file ends before", () => {
  const { bytes, messages } = load(bitmapOf([true, true, true, false], "little"), filledPages(1), 4);
  assertEquals([bytes, messages], [
    [1, 0, 0, 0],
    ['the file ends before 2 pages of block "x" that its bitmap names'],
  ]);
});

Deno.test("MappedRam takes a bitmap whose words are full for one of little-endian words", () => {
  const bits = Array.from({ length: 64 }, (_, page) => page === 0);
  const { bytes } = load(bitmapOf(bits, "little"), filledPages(64), 64);
  assertEquals(bytes, bits.map((bit) => bit ? 1 : 0));
});
