import { assertEquals, assertThrows } from "@std/assert";
import type { ReadChannel } from "../capture/mod.ts";
import type { RamBlockEntry } from "../wire/mod.ts";
import { Problems } from "./problems.ts";
import { type PageOrigin, RAM_LIMIT, RamBlocks, RamLimitError } from "./ram_blocks.ts";

/** Only the label of a channel is looked at. */
const CHANNEL = { label: "main" } as ReadChannel;
const ORIGIN: PageOrigin = { channel: CHANNEL, offset: 40, order: { interval: 1, rank: 1 } };

/** Blocks of 64 KiB each, and what was wrong. */
function blocksOf(names: readonly string[], limit: number = RAM_LIMIT): { blocks: RamBlocks; problems: Problems } {
  const problems = new Problems();
  const blocks = new RamBlocks(limit, problems);
  for (const block of names) blocks.declare({ block, usedLength: 65536 }, CHANNEL, 8);
  return { blocks, problems };
}

function messages({ list }: Problems): string[] {
  return list.map(({ code, offset, message }) => `${offset} ${code}: ${message}`);
}

Deno.test("RAM_LIMIT is 4 GiB", () => assertEquals(RAM_LIMIT, 4294967296));

Deno.test("RamBlocks takes as much RAM as is allowed, and counts a block that is named again once", () => {
  const { blocks, problems } = blocksOf(["x", "y", "x"], 131072);
  assertEquals(blocks.all().map(({ name }) => name), ["x", "y"]);
  assertEquals(problems.list, []);
  const error = assertThrows(() => blocks.declare({ block: "z", usedLength: 1 }, CHANNEL, 8), RamLimitError);
  assertEquals([error.needed, error.limit], [131073, 131072]);
});

Deno.test("RamBlocks keeps the length that a block was named with first", () => {
  const { blocks, problems } = blocksOf(["x"]);
  blocks.declare({ block: "x", usedLength: 4096 } satisfies RamBlockEntry, CHANNEL, 16);
  assertEquals(messages(problems), ['16 block-length: block "x" has 4096 bytes, 65536 when it was named before']);
  assertEquals(blocks.all()[0]?.usedLength, 65536);
});

Deno.test("RamBlocks has pages of one size, which a target can have", () => {
  const found = (...sizes: number[]): (number | undefined)[] => {
    const { blocks } = blocksOf(["x"]);
    return sizes.map((size) => blocks.find("x", size, ORIGIN)?.pageSize);
  };
  assertEquals([found(256), found(65536), found(128), found(131072), found(3000)], [
    [256],
    [65536],
    [undefined],
    [undefined],
    [undefined],
  ]);
  assertEquals(found(3000, 4096, 8192, 4096), [undefined, 4096, undefined, 4096]);
});

Deno.test("RamBlocks says why pages are left out", () => {
  const { blocks, problems } = blocksOf(["x"]);
  blocks.find("x", 3000, ORIGIN);
  blocks.find("x", 4096, ORIGIN);
  blocks.find("x", 8192, ORIGIN);
  blocks.find("y", 4096, ORIGIN);
  assertEquals(messages(problems), [
    "40 page-size: pages of 3000 bytes left out: no target has such",
    "40 page-size: pages of 8192 bytes left out: those before had 4096",
    '40 unknown-block: no block "y" is in the list: pages left out',
  ]);
});

Deno.test("RamBlocks writes a page that ends with its block, and none beyond", () => {
  const { blocks, problems } = blocksOf(["x"]);
  const block = blocks.find("x", 4096, ORIGIN);
  if (block === undefined) throw new Error("x was declared");
  assertEquals([blocks.written("x"), blocks.written("y")], [block, undefined]);
  blocks.write(block, 61440, new Uint8Array(4096).fill(7), ORIGIN);
  blocks.write(block, 61441, new Uint8Array(4096).fill(8), ORIGIN);
  assertEquals([block.read(65535, 1), block.has(61440), block.countMissing()], [Uint8Array.of(7), true, 15]);
  assertEquals(messages(problems), ['40 page-outside: page at 61441 left out: block "x" has 65536 bytes']);
});

Deno.test("RamBlocks gives blocks without pages the size that the user says, if a target can have it", () => {
  const size = (said?: number, came?: number): number | undefined => {
    const { blocks } = blocksOf(["x", "y"]);
    if (came !== undefined) blocks.find("x", came, ORIGIN);
    return blocks.all(said)[1]?.pageSize;
  };
  assertEquals([size(), size(16384), size(3000), size(131072)], [4096, 16384, 4096, 4096]);
  assertEquals(size(16384, 8192), 8192);
});

Deno.test("Problems keeps a thousand", () => {
  const problems = new Problems();
  for (let i = 0; i < 1001; i++) problems.warn(CHANNEL, i, { code: "x", message: "y" });
  assertEquals([problems.list.length, problems.list.at(-1)?.offset, problems.list[0]?.severity], [
    1000,
    999,
    "warning",
  ]);
  problems.note(CHANNEL, 0, { code: "x", message: "y" });
  assertEquals(problems.list.length, 1000);
  assertThrows(() => problems.take(new TypeError("another")), TypeError, "another");
});
